// Counts with one weight per row and one per column, A_ij = rows_i columns_j n_ij, and sums over all seen pairs of a
// function of x_ij = w_i . c_j: what exact gradients of losses quadratic in x, and alternating least squares, are
// made of. A is never stored.
//
// Layout: counts are CSR in parts by rows (core/csr.h); w, c and results are row-major, V x d.
// Cost: 4 nnz d flops for gather, 8 nnz d for line, both bound by reading rows of c from cache; and one copy of c, padded.
// A row is summed by one thread in the order of its nonzeros, so results do not depend on the number of workers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/control.h"
#include "core/csr.h"
#include "core/types.h"
#include "counts/weighted_kernels.h"

namespace fastqwem {

class WeightedCounts {
 public:
  // Borrows every array; throws std::invalid_argument unless the parts are a V x V matrix.
  WeightedCounts(std::vector<RowPart> parts, std::int64_t n_words, const double* rows, const double* columns,
                 int n_workers, Control& control);

  std::int64_t n_words() const { return counts_.n_words(); }

  // out_i = sum_j A_ij (alpha x_ij + beta) c_j, summed in blocks in T, the blocks in float64;
  // returns sum_ij A_ij x_ij and sum_ij A_ij x_ij^2, in float64.
  template <class T>
  std::array<double, 2> gather(const T* w, const T* c, std::int64_t d, double alpha, double beta, T* out,
                               int n_workers, Control& control) const;

  // The sums of kLineSums over all pairs, along w + s dw and c + s dc, in float64.
  template <class T>
  std::array<double, kLineSums> line(const T* w, const T* dw, const T* c, const T* dc, std::int64_t d, int n_workers,
                                     Control& control) const;

 private:
  template <class T, class Body>
  void for_segments(const WeightedKernels<T>& kernels, const RowPart& part, std::int64_t row, T* values,
                    Body&& body) const;

  CountRows counts_;
  const double* rows_;
  const double* columns_;
};

}  // namespace fastqwem
