// The arrays of counts that come in parts by rows: kept alive, checked, and as the kernels want them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <vector>

#include "bind/arrays.h"
#include "core/csr.h"

namespace fastqwem {

// `parts` is a list of tuples (indptr, indices, counts, mapped), consecutive rows; the last says whether indices and
// counts are maps of files.
class RowParts {
 public:
  explicit RowParts(const pybind11::list& parts);

  std::int64_t n_words() const { return n_words_; }
  const std::vector<RowPart>& parts() const { return parts_; }

 private:
  std::vector<pybind11::object> arrays_;
  std::vector<RowPart> parts_;
  std::int64_t n_words_ = 0;
};

}  // namespace fastqwem
