// Files of vectors as decimal text.
#include <pybind11/numpy.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "vectors/decimal_rows.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

template <class T>
py::tuple read_rows(std::string_view text, std::size_t begin, std::size_t end, std::size_t size, std::size_t limit,
                    bool bare) {
  const DecimalRows<T> rows = read_decimal_rows<T>(text, begin, end, size, limit, bare);
  const auto n = static_cast<py::ssize_t>(rows.words.size() / 2);
  Array<std::int64_t> words({n, py::ssize_t{2}});
  Array<T> values({n, static_cast<py::ssize_t>(size)});
  std::copy(rows.words.begin(), rows.words.end(), words.mutable_data());
  std::copy(rows.values.begin(), rows.values.end(), values.mutable_data());
  return py::make_tuple(words, values, rows.next);
}

py::tuple read(const py::bytes& text, std::size_t begin, std::size_t end, std::size_t size, std::size_t limit,
               bool wide, bool bare) {
  const std::string_view view = text;
  if (begin > end || end > view.size()) throw std::invalid_argument("begin and end must be places in the text");
  return wide ? read_rows<double>(view, begin, end, size, limit, bare)
              : read_rows<float>(view, begin, end, size, limit, bare);
}

py::list write(const py::object& vectors) {
  const auto array = checked<float>(vectors, "vectors");
  if (array.ndim() != 2) throw std::invalid_argument("vectors must have two dimensions");
  const auto size = static_cast<std::size_t>(array.shape(1));
  py::list rows(array.shape(0));
  std::string row;
  for (py::ssize_t i = 0; i < array.shape(0); ++i) {
    row.clear();
    const float* values = array.data() + i * array.shape(1);
    if (write_decimal_row(values, size, row)) {
      rows[static_cast<std::size_t>(i)] = py::bytes(row);
    } else {
      rows[static_cast<std::size_t>(i)] = py::none();
    }
  }
  return rows;
}

}  // namespace

void register_vectors(py::module_& m) {
  m.def("read_decimal_rows", &read, py::arg("text"), py::arg("begin"), py::arg("end"), py::arg("size"),
        py::arg("limit"), py::arg("wide"), py::arg("bare"),
        "Read lines of a word and `size` numbers up to the first that is not plain.\n\n"
        "Returns begin and end of each word (n, 2), numbers (n, size) and where the rest begins.");
  m.def("write_decimal_rows", &write, py::arg("vectors"),
        "Write each row of a float32 matrix as decimal numbers, or None.\n\n"
        "None stands for rows with a number that NumPy's versions print differently.");
}

}  // namespace fastqwem
