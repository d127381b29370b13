// The solution of rows of a RowSystem, one table of functions per instruction set.
#pragma once

#include <cstdint>

#include "core/control.h"
#include "core/types.h"

namespace fastqwem {

// What is kept behind the numbers of a row of the fixed factor.
struct FixedRow {
  float unit = 1;   // of its bytes
  float noise = 0;  // of its word, for the logistic loss
};

// A RowSystem whose rows of numbers lie `stride` floats apart, on boundaries of 64 bytes, padded with zeros.
struct PaddedSystem {
  std::int64_t stride = 0;
  const void* fixed = nullptr;     // rows of floats, or of bytes: from -127 to 127 times the unit and the spread
  std::int64_t fixed_bytes = 0;    // from one to the next: a multiple of 64
  const float* spread = nullptr;   // of the columns, for bytes
  float most = 0;                  // that a number of the other side of a dot product with bytes may be
  std::int64_t n_parts = 0;
  const float* grams = nullptr;  // per part: stride x stride, or only the diagonal
  bool diagonal = false;
  const float* means = nullptr;
  const float* square = nullptr;
  std::int64_t weight_stride = 0;
  int steps = 0;
  bool logistic = false;
  float level = 0, slope = 0, bend = 0;
};

struct PaddedRow {
  const WordId* indices = nullptr;
  std::int64_t n = 0;               // nonzeros
  float* values = nullptr;          // A of the row's nonzeros; then, if logistic, their curvatures; 16 more are readable
  const std::int64_t* cuts = nullptr;  // where the pieces of its nonzeros end, from 0 on: n_pieces + 1
  std::int64_t readable = 0;        // indices that may be read ahead of use, for prefetching
  const double* weights = nullptr;  // of parts, weight_stride apart
  float ridge = 0, seen = 0;
  const void* query = nullptr;      // what the rows of the fixed factor meet: floats, or whole numbers times unit
  float unit = 0;
  int surplus = 0;                  // of the dot products with it, as the instruction set does them
  double before = 0, after = 0;     // results: the minimised sum
  double slope = 0, steep = 0, length = 0, curvature = 0;  // state of the conjugate gradients
  bool done = false;
};

// Floats in the scratch: of each row, the first `stride` its x, and of one block for all. Four vectors, and two bytes
// for each number of a query, to a boundary of 64 numbers.
constexpr std::int64_t block_scratch(std::int64_t stride) { return (stride + 63) / 64 * 64; }
constexpr std::int64_t row_scratch(std::int64_t stride) { return 5 * stride + block_scratch(stride) / 2; }

struct RowSolverKernels {
  // values[e] = scale * columns[indices[e]] * counts[e], rounded to float32.
  void (*fill32)(double scale, const double* columns, const WordId* indices, const std::int32_t* counts,
                 std::int64_t n, float* values);
  void (*fill64)(double scale, const double* columns, const WordId* indices, const std::int64_t* counts,
                 std::int64_t n, float* values);
  // Keeps some of the n pairs of a word, see RowSystem::least, and returns how many. Up to 16 more may be written to both.
  std::int64_t (*thin)(std::uint32_t key, WordId word, float least, const WordId* from, std::int64_t n, WordId* to,
                       float* values);
  // Brings a row of bytes, on a boundary of 64 of which as many may be written, into the order in which they are read.
  void (*arrange)(std::int8_t* row, std::int64_t width);
  // Improves the x of n_rows rows together, piece by piece of their nonzeros; asks control before every pass. The fixed
  // factor is in floats, or in bytes.
  using Solve = void (*)(const PaddedSystem& system, PaddedRow* rows, std::int64_t n_rows, std::int64_t n_pieces,
                         float* scratch, const Control& control);
  Solve solve, solve_bytes;
};

// Those of the instruction set in use.
const RowSolverKernels& row_solver_kernels();

}  // namespace fastqwem
