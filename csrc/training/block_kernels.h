// The arithmetic of one block, one table of functions per instruction set. Rows are padded to whole cache lines, and
// `width` is that padded length; the padding is zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/types.h"

namespace fastqwem {

// Kernels work in whole vectors: sizes go up to a multiple of the longest.
inline std::size_t rounded(std::size_t n) { return (n + 15) / 16 * 16; }

struct BlockKernels {
  // to[i] = matrix[rows[i]] for n rows, which other threads may be writing.
  void (*gather)(const float* matrix, std::int64_t stride, const WordId* rows, int n, std::int64_t width, float* to);
  // to = factor * sum of the n rows from[0..n), one after another.
  void (*add_rows)(const float* from, int n, std::int64_t width, float factor, float* to);
  // scores[i * n_outputs + j] = inputs[i] . outputs[j]
  void (*scores)(const float* inputs, int n_inputs, const float* outputs, int n_outputs, std::int64_t width,
                 float* scores);
  // In place: scores become the coefficients alpha * weight * (-d loss / d z); returns the sum of |weight| * loss.
  // `n` is rounded up: scores and weights must be readable, and scores writable, up to a multiple of 16.
  double (*gradient_sgns)(float* scores, const float* weights, int n, float alpha);
  double (*gradient_qwem)(float* scores, const float* weights, int n, float alpha);
  // matrix_in[input_rows[i]] += row_factor[i] * sum_j g[i][j] outputs[j] and
  // matrix_out[output_rows[j]] += column_factor[j] * sum_i g[i][j] inputs[i]; factors may be null (ones). `prefetch`
  // names rows that the next block wants, a multiple of kPrefetches. Other threads may be using the rows of the matrices.
  static constexpr int kPrefetches = 4;
  struct Update {
    const float* inputs;       // local copies, from before the block
    const float* outputs;
    const float* g;            // n_inputs x n_outputs
    float* const* input_rows;  // where the updates go
    float* const* output_rows;
    const float* row_factor;
    const float* column_factor;
    int n_inputs, n_outputs;
    std::int64_t width;
    const float* const* prefetch;
    int n_prefetch;
  };
  void (*update)(const Update& update);
  // to[i] = |rows[i]|^2 for n rows one after another, then zeros, up to a multiple of 16 at most.
  void (*squares)(const float* rows, int n, std::int64_t width, float* to);
  // row_mass[i] = sum_j |weights[i][j]| column_square[j] and column_mass[j] = sum_i |weights[i][j]| row_square[i].
  // `column_square` comes from `squares`; the masses must be writable up to a multiple of 16, `weights` readable, and
  // finite, for 16 more.
  void (*masses)(const float* weights, int n_rows, int n_outputs, const float* row_square, const float* column_square,
                 float* row_mass, float* column_mass);
  // to[i] = constant + 0.5 * matrix * from[i] for n rows; matrix is symmetric, width x width.
  void (*half_product)(const float* from, int n, const float* matrix, const float* constant, std::int64_t width,
                       float* to);
  float (*dot)(const float* a, const float* b, std::int64_t width);
  // row += factor * addend, on a row that other threads may be using.
  void (*add_to_row)(float* row, const float* addend, float factor, std::int64_t width);
  // Draws 1 .. n at a position: `columns` of an alias table of n_columns, and the bits that choose within the column.
  // All below 2^32. `n` is rounded up: both must be writable up to a multiple of 16.
  void (*draw_negatives)(std::uint32_t key, std::int64_t position, std::uint32_t n_columns, int n,
                         std::uint64_t* columns, std::uint64_t* bits);
};

// Those of the instruction set in use.
const BlockKernels& block_kernels();

}  // namespace fastqwem
