// NumPy arrays in and out of the kernels: fixed dtype, C-contiguous, checked, never converted in silence.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

namespace fastqwem {

// The data of a one-dimensional array of exactly this dtype; std::invalid_argument names it otherwise.
template <class T>
const T* input(const pybind11::array& array, const char* name) {
  if (!pybind11::isinstance<pybind11::array_t<T>>(array) || array.ndim() != 1 ||
      !(array.flags() & pybind11::array::c_style)) {
    throw std::invalid_argument(std::string(name) + " must be a contiguous one-dimensional array of " +
                                pybind11::cast<std::string>(pybind11::str(pybind11::dtype::of<T>())));
  }
  return static_cast<const T*>(array.data());
}

// The same for any number of dimensions, kept alive by the result.
template <class T>
using Array = pybind11::array_t<T, pybind11::array::c_style>;

template <class T>
Array<T> checked(const pybind11::object& object, const char* name) {
  if (!pybind11::isinstance<Array<T>>(object)) {
    throw std::invalid_argument(std::string(name) + " must be a C-contiguous array of " +
                                std::string(pybind11::str(pybind11::dtype::of<T>())));
  }
  return pybind11::reinterpret_borrow<Array<T>>(object);
}

}  // namespace fastqwem
