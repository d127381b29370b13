// WeightedCounts with the arrays it borrows. Every argument is converted with the GIL held, then it is dropped.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/row_parts.h"
#include "bind/run.h"
#include "counts/weighted_counts.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

class BoundWeighted {
 public:
  BoundWeighted(const py::list& parts, const py::object& rows, const py::object& columns, int n_workers)
      : counts_(parts), rows_(checked<double>(rows, "rows")), columns_(checked<double>(columns, "columns")) {
    const std::int64_t n_words = counts_.n_words();
    if (rows_.size() != n_words || columns_.size() != n_words) {
      throw std::invalid_argument("arrays of the weighted counts do not fit each other");
    }
    run_interruptible(py::none(), [&](Control& control) {
      counts_of_pairs_ = std::make_unique<WeightedCounts>(counts_.parts(), n_words, rows_.data(), columns_.data(),
                                                          n_workers, control);
    });
  }

  std::array<double, 2> gather(const py::array& w, const py::object& c, double alpha, double beta,
                               const py::object& out, int n_workers) const {
    if (py::isinstance<Array<float>>(w)) return gather_as<float>(w, c, alpha, beta, out, n_workers);
    return gather_as<double>(w, c, alpha, beta, out, n_workers);
  }

  std::array<double, kLineSums> line(const py::array& w, const py::object& dw, const py::object& c,
                                     const py::object& dc, int n_workers) const {
    if (py::isinstance<Array<float>>(w)) return line_as<float>(w, dw, c, dc, n_workers);
    return line_as<double>(w, dw, c, dc, n_workers);
  }

 private:
  template <class T>
  std::array<double, 2> gather_as(const py::array& w, const py::object& c, double alpha, double beta,
                                  const py::object& out, int n_workers) const {
    const auto rows = checked<T>(w, "w");
    const auto columns = checked<T>(c, "c");
    auto result = checked<T>(out, "out");
    const std::int64_t d = width({rows, columns, result});
    const T* from = rows.data();
    const T* with = columns.data();
    T* to = result.mutable_data();
    std::array<double, 2> moments{};
    run_interruptible(py::none(), [&](Control& control) {
      moments = counts_of_pairs_->gather(from, with, d, alpha, beta, to, n_workers, control);
    });
    return moments;
  }

  template <class T>
  std::array<double, kLineSums> line_as(const py::array& w, const py::object& dw, const py::object& c,
                                        const py::object& dc, int n_workers) const {
    const auto rows = checked<T>(w, "w"), row_steps = checked<T>(dw, "dw");
    const auto columns = checked<T>(c, "c"), column_steps = checked<T>(dc, "dc");
    const std::int64_t d = width({rows, row_steps, columns, column_steps});
    const T *a = rows.data(), *b = row_steps.data(), *e = columns.data(), *f = column_steps.data();
    std::array<double, kLineSums> sums{};
    run_interruptible(py::none(),
                      [&](Control& control) { sums = counts_of_pairs_->line(a, b, e, f, d, n_workers, control); });
    return sums;
  }

  // The number of columns that all of them have; each must have one row per word.
  std::int64_t width(std::initializer_list<py::array> matrices) const {
    for (const py::array& matrix : matrices) {
      if (matrix.ndim() != 2 || matrix.shape(0) != counts_of_pairs_->n_words() ||
          matrix.shape(1) != matrices.begin()->shape(1)) {
        throw std::invalid_argument("matrices must all have one row per word and as many columns");
      }
    }
    return matrices.begin()->shape(1);
  }

  RowParts counts_;
  Array<double> rows_, columns_;
  std::unique_ptr<WeightedCounts> counts_of_pairs_;
};

}  // namespace

void register_weighted(py::module_& m) {
  py::class_<BoundWeighted>(m, "WeightedCounts",
                            "Counts times a weight per row and one per column, see csrc/counts/weighted_counts.h.")
      .def(py::init<py::list, py::object, py::object, int>(), py::arg("parts"), py::arg("rows"), py::arg("columns"),
           py::arg("workers"))
      .def("gather", &BoundWeighted::gather, py::arg("w"), py::arg("c"), py::arg("alpha"), py::arg("beta"),
           py::arg("out"), py::arg("workers"),
           "out_i = sum_j A_ij (alpha x_ij + beta) c_j with x_ij = w_i . c_j, all of one dtype, float32 or float64.\n"
           "\nReturns the sums of A_ij x_ij and of A_ij x_ij^2.")
      .def("line", &BoundWeighted::line, py::arg("w"), py::arg("dw"), py::arg("c"), py::arg("dc"), py::arg("workers"),
           "Sums over all pairs along w + s dw, c + s dc, where x = x0 + s x1 + s^2 x2.\n"
           "\nReturns those of A x0, A x1, A x2, and of the coefficients of A x^2 from s^0 to s^4.");
}

}  // namespace fastqwem
