// One function per family of bindings, each in register_<family>.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace fastqwem {

void register_errors(pybind11::module_& m);
void register_config(pybind11::module_& m);
void register_text(pybind11::module_& m);
void register_counts(pybind11::module_& m);
void register_phrases(pybind11::module_& m);
void register_weighted(pybind11::module_& m);
void register_spectral(pybind11::module_& m);
void register_row_solver(pybind11::module_& m);
void register_training(pybind11::module_& m);
void register_vectors(pybind11::module_& m);

}  // namespace fastqwem
