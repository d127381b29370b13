#include "spectral/row_solver.h"

#include <algorithm>
#include <cmath>
#include <cstring>
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
constexpr std::int64_t kPanelBytes = 1 << 19;
constexpr std::int64_t kLine = 16;  // floats in a cache line
constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kBytePairs = 32;  // bytes that are read together at most
constexpr float kMostSum = 0x1p30f / 128;  // products with bytes are summed in 32 bits

std::int64_t padded(std::int64_t d) { return (d + kLine - 1) / kLine * kLine; }

// to[0..stride) = from[0..d), then zeros.
void pad(const float* from, std::int64_t d, float* to, std::int64_t stride) {
  std::fill(std::copy(from, from + d, to), to + stride, 0.0f);
}

HugeBuffer<float> packed(const float* matrix, std::int64_t n_rows, std::int64_t d) {
  const std::int64_t stride = padded(d);
  HugeBuffer<float> result(static_cast<std::size_t>(n_rows * stride));
  for (std::int64_t row = 0; row < n_rows; ++row) pad(matrix + row * d, d, result.data() + row * stride, stride);
  return result;
}

// The root mean squares of the columns of a matrix, padded with zeros; one for a column of zeros.
HugeBuffer<float> spread_of(const float* matrix, std::int64_t n_rows, std::int64_t d, int n_workers, Control& control) {
  const std::int64_t n_sums = (n_rows + kRowBlock - 1) / kRowBlock * d;
  std::vector<double> sums(static_cast<std::size_t>(n_sums));
  for_row_blocks(n_rows, n_workers, control, [&](std::int64_t first, std::int64_t last) {
    double* const sum = sums.data() + first / kRowBlock * d;
    for (std::int64_t row = first; row < last; ++row) {
      for (std::int64_t k = 0; k < d; ++k) sum[k] += static_cast<double>(matrix[row * d + k]) * matrix[row * d + k];
    }
  });
  HugeBuffer<float> result(static_cast<std::size_t>(padded(d)));
  std::fill_n(result.data(), result.size(), 0.0f);
  for (std::int64_t k = 0; k < d; ++k) {
    double sum = 0;
    for (std::int64_t at = k; at < n_sums; at += d) sum += sums[static_cast<std::size_t>(at)];
    result.data()[k] = sum > 0 ? static_cast<float>(std::sqrt(sum / static_cast<double>(n_rows))) : 1.0f;
  }
  return result;
}

// A row as bytes, with zeros behind them: the nearest multiples of a unit in each column, which is returned in units of
// the spreads. What it can hold at most is the largest number of the row.
float to_bytes(const float* row, const float* spread, std::int64_t d, std::int64_t stride, std::int8_t* to) {
  float largest = 0;
  for (std::int64_t k = 0; k < d; ++k) largest = std::max(largest, std::abs(row[k] / spread[k]));
  const float unit = largest / 127;
  for (std::int64_t k = 0; k < d; ++k) {
    to[k] = unit > 0 ? static_cast<std::int8_t>(std::lrint(row[k] / spread[k] / unit)) : std::int8_t{0};
  }
  std::fill(to + d, to + stride, std::int8_t{0});
  return unit;
}

// The rows of the fixed factor as the kernels read them; sets how they lie in `shared`.
HugeBuffer<char> fixed_rows(const RowSystem& system, std::int64_t n_rows, const float* spread, PaddedSystem& shared,
                            int n_workers, Control& control) {
  const std::int64_t d = system.d, stride = shared.stride;
  const std::int64_t width = system.bytes ? (d + kBytePairs - 1) / kBytePairs * kBytePairs : 4 * stride;
  const std::int64_t whole = width + static_cast<std::int64_t>(sizeof(FixedRow));
  shared.fixed_bytes = (whole + kLineBytes - 1) / kLineBytes * kLineBytes;
  const RowSolverKernels& kernels = row_solver_kernels();
  HugeBuffer<char> rows(static_cast<std::size_t>(n_rows * shared.fixed_bytes));
  shared.fixed = rows.data();
  for_row_blocks(n_rows, n_workers, control, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const float* const from = system.fixed + row * d;
      char* const to = rows.data() + row * shared.fixed_bytes;
      FixedRow word;
      if (system.bytes) {
        auto* const bytes = reinterpret_cast<std::int8_t*>(to);
        word.unit = to_bytes(from, spread, d, width, bytes);
        kernels.arrange(bytes, width);
      } else {
        pad(from, d, reinterpret_cast<float*>(to), stride);
      }
      if (system.noise != nullptr) word.noise = system.noise[row];
      std::memcpy(to + shared.fixed_bytes - sizeof(FixedRow), &word, sizeof(FixedRow));
    }
  });
  return rows;
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
  HugeBuffer<WordId> indices;
  std::vector<PaddedRow> rows;

  void fit(std::int64_t n_values, std::int64_t n_indices, std::int64_t n_rows, std::int64_t stride) {
    grow(values, n_values + kLine);
    grow(indices, n_indices + kLine);
    grow(scratch, n_rows * row_scratch(stride) + block_scratch(stride));
    rows.resize(static_cast<std::size_t>(n_rows));
  }
  float* vectors(std::int64_t at, std::int64_t stride) { return scratch.data() + at * row_scratch(stride); }

 private:
  template <class T>
  static void grow(HugeBuffer<T>& buffer, std::int64_t size) {
    if (buffer.size() < static_cast<std::size_t>(size)) buffer = HugeBuffer<T>(static_cast<std::size_t>(size));
  }
};

RowSolver::RowSolver(std::vector<RowPart> parts, std::int64_t n_words, const double* columns, int n_workers,
                     Control& control)
    : counts_(std::move(parts), n_words, kRangeNonzeros, kRangeRows, n_workers, control), columns_(columns) {}

// Row i with its weights, which are left in `values`, as those of its words are in `indices` if some are left out; where
// it is cut and may be read ahead is missing.
PaddedRow RowSolver::padded_row(const RowSystem& system, const RowPart& part, std::int64_t i, WordId* indices,
                                float* values) const {
  const RowSolverKernels& kernels = row_solver_kernels();
  const Offset begin = part.begin(i), n = part.end(i) - begin;
  const WordId* const words = part.indices + begin;
  if (part.wide) {
    const auto* const counts = static_cast<const std::int64_t*>(part.counts);
    kernels.fill64(system.rows[i], columns_, words, counts + begin, n, values);
  } else {
    const auto* const counts = static_cast<const std::int32_t*>(part.counts);
    kernels.fill32(system.rows[i], columns_, words, counts + begin, n, values);
  }
  PaddedRow row;
  row.n = n;
  row.indices = words;
  if (system.least > 0) {
    const auto least = static_cast<float>(system.least / system.mass[i]);
    row.n = kernels.thin(system.key, static_cast<WordId>(i), least, words, n, indices, values);
    row.indices = indices;
  }
  row.values = values;
  row.weights = system.weights + i;
  row.ridge = static_cast<float>(system.ridge[i]);
  row.seen = static_cast<float>(system.seen[i]);
  return row;
}

// Rows [first, last) together.
void RowSolver::solve_rows(const RowSystem& system, const PaddedSystem& shared, const RowPart& part,
                           std::int64_t first, std::int64_t last, bool together, Buffers& buffers, float* x,
                           std::array<double, 2>* losses, const Control& control) const {
  const std::int64_t d = system.d, stride = shared.stride;
  for (std::int64_t i = first; i < last; ++i) {
    const Offset at = part.begin(i) - part.begin(first);
    PaddedRow& row = buffers.rows[static_cast<std::size_t>(i - first)];
    row = padded_row(system, part, i, buffers.indices.data() + at, buffers.values.data() + at);
    // Pieces stay in the cache; of whole rows, the next one's nonzeros follow.
    row.readable = together ? 0 : system.least > 0 ? row.n : part.size() - part.begin(i);
    pad(x + i * d, d, buffers.vectors(i - first, stride), stride);
  }
  const std::int64_t panel = std::max<std::int64_t>(kPanelBytes / shared.fixed_bytes, 1);
  const RowCuts cuts(buffers.rows.data(), last - first, n_words(), together ? panel : 0);
  const RowSolverKernels& kernels = row_solver_kernels();
  const auto solve = system.bytes ? kernels.solve_bytes : kernels.solve;
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
  PaddedSystem shared;
  shared.stride = stride;
  HugeBuffer<float> spread;
  if (system.bytes) spread = spread_of(system.fixed, n_words(), d, n_workers, control);
  const HugeBuffer<char> fixed = fixed_rows(system, n_words(), spread.data(), shared, n_workers, control);
  shared.spread = spread.data();
  shared.most = std::floor(kMostSum / static_cast<float>(stride));
  shared.logistic = system.noise != nullptr;
  const HugeBuffer<float> grams = packed_grams(system);
  const HugeBuffer<float> means = packed(system.means, system.n_parts, d);
  const HugeBuffer<float> square = packed(system.square, 1, d);
  shared.n_parts = system.n_parts;
  shared.grams = grams.data();
  shared.diagonal = system.diagonal;
  shared.means = means.data();
  shared.square = square.data();
  shared.weight_stride = n_words();
  shared.steps = system.steps;
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
    buffers.fit(n, system.least > 0 ? n : 0, height, stride);
    for (std::int64_t at = first; at < last; at += height) {
      solve_rows(system, shared, part, at, at + height, together, buffers, x, losses.data(), control);
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
