// Files of vectors: decimal text, and binary.
#include <pybind11/numpy.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "vectors/binary_rows.h"
#include "vectors/decimal_rows.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

// A matrix of `columns` that holds the values.
template <class T>
Array<T> to_matrix(const std::vector<T>& values, std::size_t rows, std::size_t columns) {
  Array<T> matrix({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
  std::copy(values.begin(), values.end(), matrix.mutable_data());
  return matrix;
}

template <class T>
py::tuple read_rows(std::string_view text, std::size_t begin, std::size_t end, std::size_t size, std::size_t limit,
                    bool bare) {
  const DecimalRows<T> rows = read_decimal_rows<T>(text, begin, end, size, limit, bare);
  const std::size_t n = rows.words.size() / 2;
  return py::make_tuple(to_matrix(rows.words, n, 2), to_matrix(rows.values, n, size), rows.next);
}

py::tuple read_binary(const py::bytes& text, std::size_t begin, std::size_t size, std::size_t limit,
                      std::size_t longest) {
  const std::string_view view = text;
  if (begin > view.size()) throw std::invalid_argument("begin must be a place in the text");
  const BinaryRows rows = read_binary_rows(view, begin, size, limit, longest);
  const std::size_t n = rows.words.size() / 2;
  return py::make_tuple(to_matrix(rows.words, n, 2), to_matrix(rows.values, n, size), rows.next, rows.missing);
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
  m.def("read_binary_rows", &read_binary, py::arg("text"), py::arg("begin"), py::arg("size"), py::arg("limit"),
        py::arg("longest"),
        "Read words of at most `longest` bytes and `size` float32 as far as the text goes.\n\n"
        "Returns begin and end of each word (n, 2), numbers (n, size), where the rest begins, and how many bytes at\n"
        "least it lacks; 0 if all was read or a word has no end.");
  m.def("write_decimal_rows", &write, py::arg("vectors"),
        "Write each row of a float32 matrix as decimal numbers, or None.\n\n"
        "None stands for rows with a number that NumPy's versions print differently.");
}

}  // namespace fastqwem
