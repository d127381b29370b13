// The compiled module fastqwem._core. Only calls register_*; what each family does is in its own file.
#include <pybind11/pybind11.h>

#include "bind/registers.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "C++ kernels of fastqwem; private, the public API is the Python package.";
  fastqwem::register_errors(m);
  fastqwem::register_config(m);
  fastqwem::register_text(m);
  fastqwem::register_counts(m);
  fastqwem::register_phrases(m);
  fastqwem::register_weighted(m);
  fastqwem::register_spectral(m);
  fastqwem::register_row_solver(m);
  fastqwem::register_training(m);
  fastqwem::register_vectors(m);
}
