// One factor of a weighted factorisation with the other fixed: every row is a least-squares problem of its own.
//
// Row w of word i minimises, with t = w . c_j over the rows c_j of the fixed factor and A_ij = rows_i columns_j n_ij,
//   sum_j A_ij (t^2 / 4 - t) + sum_p weights_pi (w . mean_p + w . G_p w / 4) + ridge_i |w|^2 / 2,
// that is, H w = sum_j A_ij c_j - sum_p weights_pi mean_p, H = 1/2 (sum_j A_ij c_j c_j^T + sum_p weights_pi G_p) + ridge_i.
// The logistic loss has sum_j A_ij log(1 + e^-t) for the first term, and for negatives, of weight B_ij = weights_0i noise_j,
// log(1 + e^t), which is level + slope t + bend t^2 / 2 where a pair is not seen. The sum over all pairs of that parabola
// is what mean_0 and G_0 are to hold (slope times the mean, twice bend times the Gram matrix), but for level. Its
// first residual is exact; then every log is replaced by a parabola above it that touches it, so no step can raise the
// sum either (a bound optimisation; "after" is the bound's minimum).
//
// A few steps of preconditioned conjugate gradients from the row as it is; no step can raise the minimised sum.
//
// Layout: counts are CSR in parts by rows (core/csr.h); factors row-major, V x d.
// Cost: 4 nnz d flops for the first residual and for every step but the last, which takes 2, bound by reading rows of the
// fixed factor from cache.
// A row is solved by one thread in the order of its nonzeros, or if the rows about it are long, of pieces that they have
// in common. So results do not depend on the number of workers; the ends of parts may change their rounding.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/control.h"
#include "core/csr.h"
#include "core/types.h"
#include "spectral/row_cuts.h"
#include "spectral/row_solver_kernels.h"

namespace fastqwem {

// What the rows of one side share. Borrowed; V or V x d or as said.
struct RowSystem {
  std::int64_t d = 0;
  const double* rows = nullptr;
  const float* fixed = nullptr;
  bool bytes = false;               // read the fixed factor rounded to bytes: a quarter of the memory to go through
  std::int64_t n_parts = 0;
  const double* weights = nullptr;  // n_parts x V
  const float* grams = nullptr;     // n_parts x d x d, or only their diagonals, n_parts x d
  bool diagonal = false;
  const float* means = nullptr;     // n_parts x d
  const double* ridge = nullptr;
  const double* mass = nullptr;     // the sums of all rows add up with these factors
  // The preconditioner is the diagonal of H with sum_j A_ij c_j c_j^T taken as seen_i diag(square).
  const double* seen = nullptr;
  const float* square = nullptr;    // d
  int steps = 0;
  // The logistic loss instead, unless null: see above.
  const float* noise = nullptr;     // V
  // Pairs whose weight A_ij mass_i is less are drawn, with the probability of their share of it, and then weigh as much:
  // sums are right on average, and there are fewer of them. The key is that of the draws.
  double least = 0;
  std::uint32_t key = 0;
  float level = 0, slope = 0, bend = 0;
};

class RowSolver {
 public:
  // Borrows every array; throws std::invalid_argument unless the parts are a V x V matrix.
  RowSolver(std::vector<RowPart> parts, std::int64_t n_words, const double* columns, int n_workers, Control& control);

  std::int64_t n_words() const { return counts_.n_words(); }

  // Improves the V rows of x in place. Returns the minimised sums over all rows before and after, in float64.
  std::array<double, 2> solve(const RowSystem& system, float* x, int n_workers, Control& control) const;

 private:
  struct Buffers;
  void solve_rows(const RowSystem& system, const PaddedSystem& shared, const RowPart& part, std::int64_t first,
                  std::int64_t last, bool together, Buffers& buffers, float* x, std::array<double, 2>* losses,
                  const Control& control) const;
  PaddedRow padded_row(const RowSystem& system, const RowPart& part, std::int64_t i, WordId* indices,
                       float* values) const;

  CountRows counts_;
  const double* columns_;
};

}  // namespace fastqwem
