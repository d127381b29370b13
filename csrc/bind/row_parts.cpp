#include "bind/row_parts.h"

#include <stdexcept>

namespace py = pybind11;

namespace fastqwem {

RowParts::RowParts(const py::list& parts) {
  for (const py::handle& item : parts) {
    const auto fields = py::cast<py::tuple>(item);
    if (fields.size() != 4) throw std::invalid_argument("a part must be (indptr, indices, counts, mapped)");
    const auto indptr = checked<Offset>(fields[0], "indptr");
    const auto indices = checked<WordId>(fields[1], "indices");
    const py::array counts = py::cast<py::array>(fields[2]);
    RowPart part;
    part.wide = py::isinstance<Array<std::int64_t>>(counts);
    if (!part.wide) checked<std::int32_t>(counts, "counts");
    const py::ssize_t n_rows = indptr.size() - 1;
    if (n_rows < 0 || indices.size() != counts.size() || indptr.at(0) != 0 || indptr.at(n_rows) != indices.size()) {
      throw std::invalid_argument("arrays of the counts do not fit each other");
    }
    part.first = n_words_;
    part.last = n_words_ += n_rows;
    part.indptr = indptr.data();
    part.indices = indices.data();
    part.counts = counts.data();
    part.mapped = py::cast<bool>(fields[3]);
    parts_.push_back(part);
    arrays_.insert(arrays_.end(), {indptr, indices, counts});
  }
}

}  // namespace fastqwem
