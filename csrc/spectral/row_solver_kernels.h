// The solution of rows of a RowSystem, one table of functions per instruction set.
#pragma once

#include <cstdint>

#include "core/control.h"
#include "core/types.h"

namespace fastqwem {

// A RowSystem whose rows of numbers lie `stride` floats apart, on boundaries of 64 bytes, padded with zeros.
struct PaddedSystem {
  std::int64_t stride = 0;
  const void* fixed = nullptr;   // floats, or halves as the instruction set stores them
  float unit = 1;                // what a one in them stands for
  std::int64_t n_parts = 0;
  const float* grams = nullptr;  // per part: stride x stride, or only the diagonal
  bool diagonal = false;
  const float* means = nullptr;
  const float* square = nullptr;
  std::int64_t weight_stride = 0;
  int steps = 0;
  const float* noise = nullptr;  // null unless logistic
  float level = 0, slope = 0, bend = 0;
};

struct PaddedRow {
  const WordId* indices = nullptr;
  float* values = nullptr;          // A of the row's nonzeros; then, if logistic, their curvatures; 16 more are readable
  const std::int64_t* cuts = nullptr;  // where the pieces of its nonzeros end, from 0 on: n_pieces + 1
  std::int64_t readable = 0;        // indices that may be read ahead of use, for prefetching
  const double* weights = nullptr;  // of parts, weight_stride apart
  float ridge = 0, seen = 0;
  double before = 0, after = 0;     // results: the minimised sum
  double slope = 0, steep = 0, length = 0, curvature = 0;  // state of the conjugate gradients
  bool done = false;
};

constexpr int kRowVectors = 5;  // vectors of each row in the scratch, the first one its x; and one more for all

struct RowSolverKernels {
  // values[e] = scale * columns[indices[e]] * counts[e], rounded to float32.
  void (*fill32)(double scale, const double* columns, const WordId* indices, const std::int32_t* counts,
                 std::int64_t n, float* values);
  void (*fill64)(double scale, const double* columns, const WordId* indices, const std::int64_t* counts,
                 std::int64_t n, float* values);
  // Bytes of a half as it is stored, and a row of d floats as `stride` halves: the nearest ones to `scale` times it.
  std::int64_t half_bytes;
  void (*halve)(const float* from, std::int64_t d, std::int64_t stride, float scale, void* to);
  // Improves the x of n_rows rows together, piece by piece of their nonzeros; asks control before every pass. The fixed
  // factor is in floats, or in halves.
  using Solve = void (*)(const PaddedSystem& system, PaddedRow* rows, std::int64_t n_rows, std::int64_t n_pieces,
                         float* scratch, const Control& control);
  Solve solve, solve_halves;
};

// Those of the instruction set in use.
const RowSolverKernels& row_solver_kernels();

}  // namespace fastqwem
