#include "spectral/row_solver.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/huge_buffer.h"
#include "core/parallel.h"
#include "spectral/row_cuts.h"

namespace fastqwem {
namespace {

// A piece of work: rows that are solved together, a tenth of a second at most, or one by one if they are short.
constexpr std::int64_t kRangeNonzeros = 1 << 20;
constexpr std::int64_t kRangeRows = 128;
// Nonzeros per row from which it pays: those of shorter rows stay in the cache from one pass to the next anyway.
constexpr std::int64_t kLong = 800;
constexpr std::int64_t kPackedRows = 1 << 12;
constexpr std::int64_t kLine = 16;  // floats in a cache line

std::int64_t padded(std::int64_t d) { return (d + kLine - 1) / kLine * kLine; }

// to[0..stride) = from[0..d), then zeros.
void pad(const float* from, std::int64_t d, float* to, std::int64_t stride) {
  std::fill(std::copy(from, from + d, to), to + stride, 0.0f);
}

// Calls body(first, last) for pieces of the rows of a matrix, in parallel.
template <class Body>
void for_rows(std::int64_t n_rows, int n_workers, Control& control, Body&& body) {
  const auto n_items = static_cast<std::size_t>((n_rows + kPackedRows - 1) / kPackedRows);
  parallel_for(n_workers, n_items, control, [&](std::size_t item, int) {
    const std::int64_t first = static_cast<std::int64_t>(item) * kPackedRows;
    body(first, std::min(first + kPackedRows, n_rows));
  });
}

HugeBuffer<float> packed(const float* matrix, std::int64_t n_rows, std::int64_t d, int n_workers, Control& control) {
  const std::int64_t stride = padded(d);
  HugeBuffer<float> result(static_cast<std::size_t>(n_rows * stride));
  for_rows(n_rows, n_workers, control, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) pad(matrix + row * d, d, result.data() + row * stride, stride);
  });
  return result;
}

// The power of two that brings the largest number of a matrix to between 2^14 and 2^15: halves, which end below 2^16,
// then keep all of their digits down to 2^-28 of the largest.
float scale_for_halves(const float* matrix, std::int64_t n_rows, std::int64_t d, int n_workers, Control& control) {
  std::vector<float> largest(static_cast<std::size_t>((n_rows + kPackedRows - 1) / kPackedRows));
  for_rows(n_rows, n_workers, control, [&](std::int64_t first, std::int64_t last) {
    float& top = largest[static_cast<std::size_t>(first / kPackedRows)];
    for (std::int64_t at = first * d; at < last * d; ++at) top = std::max(top, std::abs(matrix[at]));
  });
  const float top = largest.empty() ? 0.0f : *std::max_element(largest.begin(), largest.end());
  if (!(top > 0) || !std::isfinite(top)) return 1;
  return std::ldexp(1.0f, 14 - std::clamp(std::ilogb(top), -100, 100));
}

HugeBuffer<char> halved(const float* matrix, std::int64_t n_rows, std::int64_t d, float scale, int n_workers,
                        Control& control) {
  const RowSolverKernels& kernels = row_solver_kernels();
  const std::int64_t stride = padded(d), bytes = stride * kernels.half_bytes;
  HugeBuffer<char> result(static_cast<std::size_t>(n_rows * bytes));
  for_rows(n_rows, n_workers, control, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      kernels.halve(matrix + row * d, d, stride, scale, result.data() + row * bytes);
    }
  });
  return result;
}

// The Gram matrices with padded rows and as many padded rows of zeros, or their diagonals.
HugeBuffer<float> packed_grams(const RowSystem& system) {
  const std::int64_t d = system.d, stride = padded(d), height = system.diagonal ? 1 : d;
  const std::int64_t part_size = system.diagonal ? stride : stride * stride;
  HugeBuffer<float> result(static_cast<std::size_t>(system.n_parts * part_size));
  std::fill_n(result.data(), result.size(), 0.0f);
  for (std::int64_t part = 0; part < system.n_parts; ++part) {
    for (std::int64_t row = 0; row < height; ++row) {
      pad(system.grams + (part * height + row) * d, d, result.data() + part * part_size + row * stride, stride);
    }
  }
  return result;
}

}  // namespace

// What a worker needs for its pieces of work, as large as the largest so far.
struct RowSolver::Buffers {
  HugeBuffer<float> values, scratch;
  std::vector<PaddedRow> rows;

  void fit(std::int64_t n_values, std::int64_t n_rows, std::int64_t stride) {
    grow(values, n_values + kLine);
    grow(scratch, (n_rows * kRowVectors + 1) * stride);
    rows.resize(static_cast<std::size_t>(n_rows));
  }
  float* vectors(std::int64_t at, std::int64_t stride) { return scratch.data() + at * kRowVectors * stride; }

 private:
  static void grow(HugeBuffer<float>& buffer, std::int64_t size) {
    if (buffer.size() < static_cast<std::size_t>(size)) buffer = HugeBuffer<float>(static_cast<std::size_t>(size));
  }
};

RowSolver::RowSolver(std::vector<RowPart> parts, std::int64_t n_words, const double* columns, int n_workers,
                     Control& control)
    : counts_(std::move(parts), n_words, kRangeNonzeros, kRangeRows, n_workers, control), columns_(columns) {}

// Row i with its weights, which are left in `values`; where it may be cut and read ahead is missing.
PaddedRow RowSolver::padded_row(const RowSystem& system, const RowPart& part, std::int64_t i, float* values) const {
  const RowSolverKernels& kernels = row_solver_kernels();
  const Offset begin = part.begin(i), n = part.end(i) - begin;
  const WordId* const indices = part.indices + begin;
  if (part.wide) {
    const auto* const counts = static_cast<const std::int64_t*>(part.counts);
    kernels.fill64(system.rows[i], columns_, indices, counts + begin, n, values);
  } else {
    const auto* const counts = static_cast<const std::int32_t*>(part.counts);
    kernels.fill32(system.rows[i], columns_, indices, counts + begin, n, values);
  }
  PaddedRow row;
  row.indices = indices;
  row.values = values;
  row.weights = system.weights + i;
  row.ridge = static_cast<float>(system.ridge[i]);
  row.seen = static_cast<float>(system.seen[i]);
  return row;
}

// Rows [first, last) together.
void RowSolver::solve_rows(const RowSystem& system, const PaddedSystem& shared, const RowPart& part,
                           const RowCuts& cuts, std::int64_t first, std::int64_t last, Buffers& buffers, float* x,
                           std::array<double, 2>* losses, const Control& control) const {
  const std::int64_t d = system.d, stride = shared.stride;
  const bool whole = cuts.n_pieces() == 1;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t n = part.end(i) - part.begin(i);
    PaddedRow& row = buffers.rows[static_cast<std::size_t>(i - first)];
    row = padded_row(system, part, i, buffers.values.data() + (part.begin(i) - part.begin(first)));
    row.cuts = cuts.row(i - first);
    row.readable = whole ? part.size() - part.begin(i) : n;  // a piece is not followed by its row's next
    pad(x + i * d, d, buffers.vectors(i - first, stride), stride);
  }
  const RowSolverKernels& kernels = row_solver_kernels();
  const auto solve = system.halves ? kernels.solve_halves : kernels.solve;
  solve(shared, buffers.rows.data(), last - first, cuts.n_pieces(), buffers.scratch.data(), control);
  for (std::int64_t i = first; i < last; ++i) {
    const float* const solved = buffers.vectors(i - first, stride);
    std::copy(solved, solved + d, x + i * d);
    const PaddedRow& row = buffers.rows[static_cast<std::size_t>(i - first)];
    losses[i] = {row.before, row.after};
  }
}

std::array<double, 2> RowSolver::solve(const RowSystem& system, float* x, int n_workers, Control& control) const {
  const std::int64_t d = system.d, stride = padded(d);
  HugeBuffer<float> fixed;
  HugeBuffer<char> halves;
  PaddedSystem shared;
  if (system.halves) {
    const float scale = scale_for_halves(system.fixed, n_words(), d, n_workers, control);
    halves = halved(system.fixed, n_words(), d, scale, n_workers, control);
    shared.fixed = halves.data();
    shared.unit = 1 / scale;
  } else {
    fixed = packed(system.fixed, n_words(), d, n_workers, control);
    shared.fixed = fixed.data();
  }
  const HugeBuffer<float> grams = packed_grams(system);
  const HugeBuffer<float> means = packed(system.means, system.n_parts, d, 1, control);
  const HugeBuffer<float> square = packed(system.square, 1, d, 1, control);
  shared.stride = stride;
  shared.n_parts = system.n_parts;
  shared.grams = grams.data();
  shared.diagonal = system.diagonal;
  shared.means = means.data();
  shared.square = square.data();
  shared.weight_stride = n_words();
  shared.steps = system.steps;
  shared.noise = system.noise;
  shared.level = system.level;
  shared.slope = system.slope;
  shared.bend = system.bend;
  std::vector<std::array<double, 2>> losses(static_cast<std::size_t>(n_words()));  // summed in row order
  control.set_total(static_cast<std::uint64_t>(counts_.n_nonzeros()));
  std::vector<Buffers> of_workers(static_cast<std::size_t>(n_workers));
  counts_.for_ranges(n_workers, control, [&](const RowPart& part, std::int64_t first, std::int64_t last, int worker) {
    const std::int64_t n = part.begin(last) - part.begin(first);
    const bool together = n >= kLong * (last - first);
    const std::int64_t height = together ? last - first : 1;
    Buffers& buffers = of_workers[static_cast<std::size_t>(worker)];
    buffers.fit(n, height, stride);
    for (std::int64_t at = first; at < last; at += height) {
      const RowCuts cuts(part, n_words(), at, at + height, together);
      solve_rows(system, shared, part, cuts, at, at + height, buffers, x, losses.data(), control);
    }
    control.advance(static_cast<std::uint64_t>(n));
  });
  std::array<double, 2> total{};
  for (std::int64_t i = 0; i < n_words(); ++i) {
    total[0] += system.mass[i] * losses[static_cast<std::size_t>(i)][0];
    total[1] += system.mass[i] * losses[static_cast<std::size_t>(i)][1];
  }
  return total;
}

}  // namespace fastqwem
