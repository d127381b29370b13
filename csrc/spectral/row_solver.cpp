#include "spectral/row_solver.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "core/csr.h"
#include "core/huge_buffer.h"
#include "core/parallel.h"
#include "spectral/row_solver_kernels.h"

namespace fastqwem {
namespace {

constexpr std::int64_t kRangeNonzeros = 1 << 13;  // a piece of work: at least a row, milliseconds
constexpr std::int64_t kRangeRows = 1 << 8;
constexpr std::int64_t kPackedRows = 1 << 12;
constexpr std::int64_t kLine = 16;  // floats in a cache line

std::int64_t padded(std::int64_t d) { return (d + kLine - 1) / kLine * kLine; }

// to[0..stride) = from[0..d), then zeros.
void pad(const float* from, std::int64_t d, float* to, std::int64_t stride) {
  std::fill(std::copy(from, from + d, to), to + stride, 0.0f);
}

HugeBuffer<float> packed(const float* matrix, std::int64_t n_rows, std::int64_t d, int n_workers, Control& control) {
  const std::int64_t stride = padded(d);
  HugeBuffer<float> result(static_cast<std::size_t>(n_rows * stride));
  const auto n_items = static_cast<std::size_t>((n_rows + kPackedRows - 1) / kPackedRows);
  parallel_for(n_workers, n_items, control, [&](std::size_t item, int) {
    const std::int64_t first = static_cast<std::int64_t>(item) * kPackedRows;
    for (std::int64_t row = first; row < std::min(first + kPackedRows, n_rows); ++row) {
      pad(matrix + row * d, d, result.data() + row * stride, stride);
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

RowSolver::RowSolver(std::int64_t n_words, const Offset* indptr, const WordId* indices, const void* counts, bool wide,
                     const double* columns, int n_workers, Control& control)
    : n_words_(n_words), indptr_(indptr), indices_(indices), counts_(counts), wide_(wide), columns_(columns) {
  ranges_ = row_ranges(indptr, n_words, kRangeNonzeros, kRangeRows);
  // The passes do not look again: an index out of range would read foreign memory.
  check_indices(indptr, indices, ranges_, n_words, n_workers, control);
}

std::array<double, 2> RowSolver::solve(const RowSystem& system, float* x, int n_workers, Control& control) const {
  const RowSolverKernels& kernels = row_solver_kernels();
  const std::int64_t d = system.d, stride = padded(d);
  const HugeBuffer<float> fixed = packed(system.fixed, n_words_, d, n_workers, control);
  const HugeBuffer<float> grams = packed_grams(system);
  const HugeBuffer<float> means = packed(system.means, system.n_parts, d, 1, control);
  const HugeBuffer<float> square = packed(system.square, 1, d, 1, control);
  std::vector<RowLoss> losses(static_cast<std::size_t>(n_words_));  // summed in row order
  control.set_total(static_cast<std::uint64_t>(indptr_[n_words_]));
  parallel_for(n_workers, ranges_.size() - 1, control, [&](std::size_t item, int) {
    const std::int64_t first = ranges_[item], last = ranges_[item + 1];
    std::int64_t most = 0;
    for (std::int64_t i = first; i < last; ++i) most = std::max(most, indptr_[i + 1] - indptr_[i]);
    HugeBuffer<float> values(static_cast<std::size_t>(most));
    HugeBuffer<float> scratch(static_cast<std::size_t>((kScratchRows + 1) * stride));
    float* const w = scratch.data() + kScratchRows * stride;
    for (std::int64_t i = first; i < last; ++i) {
      const Offset begin = indptr_[i];
      PaddedRow row;
      row.stride = stride;
      row.fixed = fixed.data();
      row.n_parts = system.n_parts;
      row.grams = grams.data();
      row.diagonal = system.diagonal;
      row.means = means.data();
      row.square = square.data();
      row.steps = system.steps;
      row.indices = indices_ + begin;
      row.values = values.data();
      row.n = indptr_[i + 1] - begin;
      row.readable = indptr_[n_words_] - begin;
      row.weights = system.weights + i;
      row.weight_stride = n_words_;
      row.ridge = static_cast<float>(system.ridge[i]);
      row.seen = static_cast<float>(system.seen[i]);
      if (wide_) {
        kernels.fill64(system.rows[i], columns_, row.indices, static_cast<const std::int64_t*>(counts_) + begin, row.n,
                       values.data());
      } else {
        kernels.fill32(system.rows[i], columns_, row.indices, static_cast<const std::int32_t*>(counts_) + begin, row.n,
                       values.data());
      }
      pad(x + i * d, d, w, stride);
      losses[static_cast<std::size_t>(i)] = kernels.solve(row, w, scratch.data());
      std::copy(w, w + d, x + i * d);
    }
    control.advance(static_cast<std::uint64_t>(indptr_[last] - indptr_[first]));
  });
  std::array<double, 2> total{};
  for (std::int64_t i = 0; i < n_words_; ++i) {
    total[0] += system.mass[i] * losses[static_cast<std::size_t>(i)].before;
    total[1] += system.mass[i] * losses[static_cast<std::size_t>(i)].after;
  }
  return total;
}

}  // namespace fastqwem
