// The target M = unseen * g g^T + S as an operator: S has the sparsity of the counts, and
// each of its values is a short formula of one count and of two numbers per word, so S is never stored in
// float64; a float32 copy of its values, made once, serves the float32 products.
//
// Layout: counts are CSR in parts by rows (core/csr.h), symmetric; x and y are row-major V x b. Cost of a product: nnz * b multiply-adds, bound by reading b numbers of x per nonzero from cache.
// Rows are summed in the order of their nonzeros, so results do not depend on the number of workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/control.h"
#include "core/csr.h"
#include "core/types.h"

namespace fastqwem {

// The formula of one value of S, before the weights g_i g_j, with e_ij = joint_i * noise_j + noise_i * joint_j:
//   ratio: scale * c / (c + e_ij)                                          (M*, smoothed or not)
//   logarithm: max(lowest, log((c / e_ij + beta) / (1 + beta) + floor) - shift) - unseen        (PMI and its kin)
// A stored zero count is an unseen pair: its value is 0.
enum class Formula { ratio, logarithm };

struct TargetOptions {
  Formula formula = Formula::ratio;
  double scale = 0, beta = 0, floor = 0, shift = 0, lowest = 0, unseen = 0;
  const double* joint = nullptr;  // V each
  const double* noise = nullptr;
  const double* gamma = nullptr;  // g_i
  bool weighted = false;          // false: every g_i is one
};

class TargetMatrix {
 public:
  // Borrows every array; throws std::invalid_argument unless the parts are a V x V matrix.
  TargetMatrix(std::vector<RowPart> parts, std::int64_t n_words, const TargetOptions& options, int n_workers,
               Control& control);

  std::int64_t n_words() const { return counts_.n_words(); }
  std::int64_t n_nonzeros() const { return counts_.n_nonzeros(); }

  // values[e] = g_i g_j S_ij of nonzero e, rounded to float32. If they are mapped from a file (shared), its pages are
  // let go once written, and by the product once read.
  void values(float* values, bool mapped, int n_workers, Control& control) const;
  // y = M x with the values made before; long rows are summed in blocks, the blocks in float64.
  // If rough, x is read rounded to 16 bits, half of what there is to read; b is a multiple of 32 then.
  void product(const float* values, bool mapped, const float* x, float* y, std::int64_t b, bool rough, int n_workers,
               Control& control) const;
  // y = M x with values computed in float64 on the way, summed in float64.
  template <class X>
  void exact_product(const X* x, double* y, std::int64_t b, int n_workers, Control& control) const;
  // The sum over the support of M_ij^2 - (unseen g_i g_j)^2, in float64.
  double excess_square(int n_workers, Control& control) const;

 private:
  template <class X>
  std::vector<double> rank_one(const X* x, std::int64_t b, int n_workers, Control& control) const;
  void release_values(const float* values, const float* begin, const float* end) const;
  template <class Body>
  void for_ranges(int n_workers, Control& control, Body&& body) const;

  CountRows counts_;
  TargetOptions options_;
};

}  // namespace fastqwem
