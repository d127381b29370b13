// TargetMatrix with the arrays it borrows. Every argument is converted with the GIL held, then it is dropped.
#include <pybind11/numpy.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/row_parts.h"
#include "bind/run.h"
#include "spectral/target_matrix.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

class BoundTarget {
 public:
  BoundTarget(const py::list& parts, const std::string& formula, const py::object& joint, const py::object& noise,
              const py::object& gamma, bool weighted, double scale, double beta, double floor, double shift,
              double lowest, double unseen, int n_workers)
      : counts_(parts),
        joint_(checked<double>(joint, "joint")),
        noise_(checked<double>(noise, "noise")),
        gamma_(checked<double>(gamma, "gamma")) {
    const std::int64_t n_words = counts_.n_words();
    if (joint_.size() != n_words || noise_.size() != n_words || gamma_.size() != n_words) {
      throw std::invalid_argument("arrays of the target do not fit each other");
    }
    TargetOptions options;
    options.formula = formula == "ratio" ? Formula::ratio : Formula::logarithm;
    options.joint = joint_.data();
    options.noise = noise_.data();
    options.gamma = gamma_.data();
    options.weighted = weighted;
    options.scale = scale;
    options.beta = beta;
    options.floor = floor;
    options.shift = shift;
    options.lowest = lowest;
    options.unseen = unseen;
    run_interruptible(py::none(), [&](Control& control) {
      matrix_ = std::make_unique<TargetMatrix>(counts_.parts(), n_words, options, n_workers, control);
    });
  }

  void values(const py::object& out, bool mapped, int n_workers) const {
    auto array = checked<float>(out, "out");
    if (array.size() != matrix_->n_nonzeros()) throw std::invalid_argument("out must have one value per nonzero");
    float* data = array.mutable_data();
    run_interruptible(py::none(), [&](Control& control) { matrix_->values(data, mapped, n_workers, control); });
  }

  void product(const py::object& values, bool mapped, const py::object& x, const py::object& out, bool rough,
               int n_workers) const {
    const auto stored = checked<float>(values, "values");
    const auto operand = checked<float>(x, "x");
    auto result = checked<float>(out, "out");
    const std::int64_t b = columns(operand, result);
    if (stored.size() != matrix_->n_nonzeros()) throw std::invalid_argument("values must have one per nonzero");
    if (rough && b % 32 != 0) throw std::invalid_argument("a rough product takes a multiple of 32 columns");
    const float* from = stored.data();
    const float* in = operand.data();
    float* to = result.mutable_data();
    run_interruptible(py::none(),
                      [&](Control& control) { matrix_->product(from, mapped, in, to, b, rough, n_workers, control); });
  }

  void exact_product(const py::array& x, const py::object& out, int n_workers) const {
    auto result = checked<double>(out, "out");
    const bool single = py::isinstance<Array<float>>(x);
    if (!single) checked<double>(x, "x");
    const std::int64_t b = columns(x, result);
    const void* in = x.data();
    double* to = result.mutable_data();
    run_interruptible(py::none(), [&](Control& control) {
      if (single) {
        matrix_->exact_product(static_cast<const float*>(in), to, b, n_workers, control);
      } else {
        matrix_->exact_product(static_cast<const double*>(in), to, b, n_workers, control);
      }
    });
  }

  double excess_square(int n_workers) const {
    double result = 0;
    run_interruptible(py::none(), [&](Control& control) { result = matrix_->excess_square(n_workers, control); });
    return result;
  }

 private:
  std::int64_t columns(const py::array& x, const py::array& out) const {
    if (x.ndim() != 2 || out.ndim() != 2 || x.shape(0) != matrix_->n_words() || out.shape(0) != x.shape(0) ||
        out.shape(1) != x.shape(1)) {
      throw std::invalid_argument("x and out must both have one row per word and as many columns");
    }
    return x.shape(1);
  }

  RowParts counts_;
  Array<double> joint_, noise_, gamma_;
  std::unique_ptr<TargetMatrix> matrix_;
};

}  // namespace

void register_spectral(py::module_& m) {
  py::class_<BoundTarget>(m, "TargetMatrix", "unseen * g g^T + S, see csrc/spectral/target_matrix.h.")
      .def(py::init<py::list, std::string, py::object, py::object, py::object, bool, double, double, double, double,
                    double, double, int>(),
           py::arg("parts"), py::arg("formula"), py::arg("joint"), py::arg("noise"), py::arg("gamma"),
           py::arg("weighted"), py::arg("scale"), py::arg("beta"), py::arg("floor"), py::arg("shift"),
           py::arg("lowest"), py::arg("unseen"), py::arg("workers"))
      .def("values", &BoundTarget::values, py::arg("out"), py::arg("mapped"), py::arg("workers"))
      .def("product", &BoundTarget::product, py::arg("values"), py::arg("mapped"), py::arg("x"), py::arg("out"),
           py::arg("rough"), py::arg("workers"))
      .def("exact_product", &BoundTarget::exact_product, py::arg("x"), py::arg("out"), py::arg("workers"))
      .def("excess_square", &BoundTarget::excess_square, py::arg("workers"));
}

}  // namespace fastqwem
