// The loops over the nonzeros of one row, one table of them per instruction set.
#pragma once

#include <cstdint>

#include "core/types.h"
#include "spectral/target_matrix.h"

namespace fastqwem {

struct RowKernels {
  // total[0..b) += sum over n nonzeros of values[e] * x[indices[e]][0..b); `readable` >= n indices may be read
  // ahead of use, for prefetching.
  void (*add)(const WordId* indices, const float* values, std::int64_t n, std::int64_t readable, const float* x,
              std::int64_t b, double* total);
  // The same for rows of b shorts, b a multiple of 32: see `shorten`.
  void (*add_short)(const WordId* indices, const float* values, std::int64_t n, std::int64_t readable,
                    const std::uint16_t* x, std::int64_t b, double* total);
  void (*add_exact)(const WordId* indices, const double* values, std::int64_t n, std::int64_t readable,
                    const double* x, std::int64_t b, double* total);
  void (*add_mixed)(const WordId* indices, const double* values, std::int64_t n, std::int64_t readable,
                    const float* x, std::int64_t b, double* total);
  // values[e] = g_i g_j S_ij for n nonzeros of row i.
  void (*fill32)(const TargetOptions& options, std::int64_t row, const WordId* indices, const std::int32_t* counts,
                 std::int64_t n, double* values);
  void (*fill64)(const TargetOptions& options, std::int64_t row, const WordId* indices, const std::int64_t* counts,
                 std::int64_t n, double* values);
};

// Writes b floats, b a multiple of 32, as their leading 16 bits, rounded: by 2^-9 of each at most. Of every 32, number i
// and number 16 + i become the lower and the upper half of 32 bits, so that a register of floats is a shift or a mask.
void shorten(const float* from, std::int64_t b, std::uint16_t* to);

// Those of the instruction set in use.
const RowKernels& row_kernels();

}  // namespace fastqwem
