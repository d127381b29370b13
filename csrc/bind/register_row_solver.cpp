// RowSolver with the arrays it borrows. Every argument is converted with the GIL held, then it is dropped.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <stdexcept>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/row_parts.h"
#include "bind/run.h"
#include "spectral/row_solver.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

class BoundSolver {
 public:
  BoundSolver(const py::list& parts, const py::object& columns, int n_workers)
      : counts_(parts), columns_(checked<double>(columns, "columns")) {
    if (columns_.size() != counts_.n_words()) throw std::invalid_argument("columns do not fit the counts");
    run_interruptible(py::none(), [&](Control& control) {
      solver_ = std::make_unique<RowSolver>(counts_.parts(), counts_.n_words(), columns_.data(), n_workers, control);
    });
  }

  std::array<double, 2> solve(const py::object& x, const py::object& fixed, const py::object& rows,
                              const py::object& weights, const py::object& grams, const py::object& means,
                              const py::object& ridge, const py::object& mass, const py::object& seen,
                              const py::object& square, int steps, const py::object& noise,
                              std::array<float, 3> parabola, bool bytes, double least, std::uint32_t key, int n_workers,
                              const py::object& progress) const {
    auto improved = checked<float>(x, "x");
    const auto other = checked<float>(fixed, "fixed"), gram = checked<float>(grams, "grams");
    const auto mean = checked<float>(means, "means"), squares = checked<float>(square, "square");
    const auto row = checked<double>(rows, "rows"), weight = checked<double>(weights, "weights");
    const auto ridges = checked<double>(ridge, "ridge"), masses = checked<double>(mass, "mass");
    const auto seen_weights = checked<double>(seen, "seen");
    const py::ssize_t n = solver_->n_words(), d = squares.size();
    const auto shaped = [](const py::array& array, std::initializer_list<py::ssize_t> shape) {
      return std::equal(shape.begin(), shape.end(), array.shape(), array.shape() + array.ndim());
    };
    const py::ssize_t parts = weight.ndim() == 2 ? weight.shape(0) : -1;
    const bool diagonal = gram.ndim() == 2;
    if (d < 1 || parts < 0 || !shaped(improved, {n, d}) || !shaped(other, {n, d}) || !shaped(weight, {parts, n}) ||
        !shaped(mean, {parts, d}) || !(diagonal ? shaped(gram, {parts, d}) : shaped(gram, {parts, d, d})) ||
        !shaped(row, {n}) || !shaped(ridges, {n}) || !shaped(masses, {n}) || !shaped(seen_weights, {n})) {
      throw std::invalid_argument("arrays of the rows do not fit each other");
    }
    RowSystem system;
    system.d = d;
    system.rows = row.data();
    system.fixed = other.data();
    system.bytes = bytes;
    system.least = least;
    system.key = key;
    system.n_parts = parts;
    system.weights = weight.data();
    system.grams = gram.data();
    system.diagonal = diagonal;
    system.means = mean.data();
    system.ridge = ridges.data();
    system.mass = masses.data();
    system.seen = seen_weights.data();
    system.square = squares.data();
    system.steps = steps;
    Array<float> noises;
    if (!noise.is_none()) {
      noises = checked<float>(noise, "noise");
      if (!shaped(noises, {n}) || parts != 1) throw std::invalid_argument("noise does not fit the rows");
      system.noise = noises.data();
      system.level = parabola[0];
      system.slope = parabola[1];
      system.bend = parabola[2];
    }
    float* const to = improved.mutable_data();
    std::array<double, 2> losses{};
    run_interruptible(progress, [&](Control& control) { losses = solver_->solve(system, to, n_workers, control); });
    return losses;
  }

 private:
  RowParts counts_;
  Array<double> columns_;
  std::unique_ptr<RowSolver> solver_;
};

}  // namespace

void register_row_solver(py::module_& m) {
  py::class_<BoundSolver>(m, "RowSolver", "Least squares row by row, see csrc/spectral/row_solver.h.")
      .def(py::init<py::list, py::object, int>(), py::arg("parts"), py::arg("columns"), py::arg("workers"))
      .def("solve", &BoundSolver::solve, py::arg("x"), py::arg("fixed"), py::arg("rows"), py::arg("weights"),
           py::arg("grams"), py::arg("means"), py::arg("ridge"), py::arg("mass"), py::arg("seen"), py::arg("square"),
           py::arg("steps"), py::arg("noise"), py::arg("parabola"), py::arg("bytes"), py::arg("least"),
           py::arg("key"), py::arg("workers"), py::arg("progress"),
           "Improve the rows of x in place; grams are whole, or two-dimensional where they are diagonal.\n"
           "\nWith noise the loss is logistic, and parabola its level, slope and bend where a pair is not seen.\n"
           "\nPairs of a weight less than least are drawn, with the numbers of a key, and then weigh as much.\n"
           "\nWith bytes the fixed factor is read rounded to one byte a number.\n"
           "\nReturns the minimised sums before and after.");
}

}  // namespace fastqwem
