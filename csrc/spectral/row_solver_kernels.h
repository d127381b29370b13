// The solution of one row of a RowSystem, one function per instruction set.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace fastqwem {

// A RowSystem whose rows of numbers lie `stride` floats apart, on boundaries of 64 bytes, padded with zeros, and one
// row of it.
struct PaddedRow {
  std::int64_t stride = 0;
  const float* fixed = nullptr;
  std::int64_t n_parts = 0;
  const float* grams = nullptr;  // per part: stride x stride, or only the diagonal
  bool diagonal = false;
  const float* means = nullptr;
  const float* square = nullptr;
  int steps = 0;

  const WordId* indices = nullptr;
  const float* values = nullptr;  // A of the row's nonzeros
  std::int64_t n = 0;             // how many
  std::int64_t readable = 0;      // >= n indices may be read ahead of use, for prefetching
  const double* weights = nullptr;  // of parts, weight_stride apart
  std::int64_t weight_stride = 0;
  float ridge = 0, seen = 0;
};

struct RowLoss {
  double before = 0, after = 0;
};

struct RowSolverKernels {
  // values[e] = scale * columns[indices[e]] * counts[e], rounded to float32.
  void (*fill32)(double scale, const double* columns, const WordId* indices, const std::int32_t* counts,
                 std::int64_t n, float* values);
  void (*fill64)(double scale, const double* columns, const WordId* indices, const std::int64_t* counts,
                 std::int64_t n, float* values);
  // Improves x, using kScratchRows rows of scratch.
  RowLoss (*solve)(const PaddedRow& row, float* x, float* scratch);
};

constexpr int kScratchRows = 6;

// Those of the instruction set in use.
const RowSolverKernels& row_solver_kernels();

}  // namespace fastqwem
