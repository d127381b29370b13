// The three loops over the nonzeros of one row, one table of them per instruction set.
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

// Those of the instruction set in use.
const RowKernels& row_kernels();

}  // namespace fastqwem
