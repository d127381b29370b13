#include "spectral/target_matrix.h"

#include <algorithm>

#include "core/csr.h"
#include "core/parallel.h"
#include "spectral/row_kernels.h"

namespace fastqwem {
namespace {

constexpr std::int64_t kRangeNonzeros = 1 << 17;  // a piece of work: at least a row, about a millisecond
constexpr std::int64_t kRangeRows = 1 << 12;
constexpr std::int64_t kSegment = 1 << 12;  // float64 values of one row made at a time: 32 KB, stays in cache

}  // namespace

TargetMatrix::TargetMatrix(std::int64_t n_words, const Offset* indptr, const WordId* indices, const void* counts,
                           bool wide, const TargetOptions& options, int n_workers, Control& control)
    : n_words_(n_words), indptr_(indptr), indices_(indices), counts_(counts), wide_(wide), options_(options) {
  ranges_ = row_ranges(indptr, n_words, kRangeNonzeros, kRangeRows);
  // The products do not look again: an index out of range would read foreign memory.
  check_indices(indptr, indices, ranges_, n_words, n_workers, control);
}

template <class Body>
void TargetMatrix::for_ranges(int n_workers, Control& control, Body&& body) const {
  control.set_total(static_cast<std::uint64_t>(n_nonzeros()));
  std::vector<std::vector<double>> buffers(static_cast<std::size_t>(std::max(n_workers, 1)));
  parallel_for(n_workers, ranges_.size() - 1, control, [&](std::size_t item, int worker) {
    const std::int64_t first = ranges_[item], last = ranges_[item + 1];
    body(first, last, buffers[static_cast<std::size_t>(worker)]);
    control.advance(static_cast<std::uint64_t>(indptr_[last] - indptr_[first]));
  });
}

namespace {

// Values of nonzeros [begin, end) of a row, whatever the width of the counts.
void fill_values(const RowKernels& kernels, const TargetOptions& options, const WordId* indices, const void* counts,
                 bool wide, std::int64_t row, Offset begin, Offset end, double* values) {
  if (wide) {
    kernels.fill64(options, row, indices + begin, static_cast<const std::int64_t*>(counts) + begin, end - begin,
                   values);
  } else {
    kernels.fill32(options, row, indices + begin, static_cast<const std::int32_t*>(counts) + begin, end - begin,
                   values);
  }
}

}  // namespace

void TargetMatrix::values(float* values, int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  for_ranges(n_workers, control, [&](std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    for (std::int64_t row = first; row < last; ++row) {
      for (Offset begin = indptr_[row]; begin < indptr_[row + 1]; begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, indptr_[row + 1]);
        fill_values(kernels, options_, indices_, counts_, wide_, row, begin, end, buffer.data());
        for (Offset e = begin; e < end; ++e) values[e] = static_cast<float>(buffer[static_cast<std::size_t>(e - begin)]);
      }
    }
  });
}

template <class X>
std::vector<double> TargetMatrix::rank_one(const X* x, std::int64_t b, int n_workers, Control& control) const {
  const auto width = static_cast<std::size_t>(b);
  std::vector<double> result(width);
  if (options_.unseen == 0) return result;
  const auto n_blocks = static_cast<std::size_t>((n_words_ + kRangeRows - 1) / kRangeRows);
  std::vector<double> sums(n_blocks * width);
  parallel_for(n_workers, n_blocks, control, [&](std::size_t block, int) {
    double* sum = sums.data() + block * width;
    const std::int64_t first = static_cast<std::int64_t>(block) * kRangeRows;
    const std::int64_t last = std::min(first + kRangeRows, n_words_);
    for (std::int64_t row = first; row < last; ++row) {
      const double gamma = options_.gamma[row];
      for (std::int64_t j = 0; j < b; ++j) sum[j] += gamma * x[row * b + j];
    }
  });
  for (std::size_t block = 0; block < n_blocks; ++block) {
    for (std::size_t j = 0; j < width; ++j) result[j] += sums[block * width + j];
  }
  for (double& value : result) value *= options_.unseen;
  return result;
}

void TargetMatrix::product(const float* values, const float* x, float* y, std::int64_t b, int n_workers,
                           Control& control) const {
  const RowKernels& kernels = row_kernels();
  const std::vector<double> constant = rank_one(x, b, n_workers, control);
  for_ranges(n_workers, control, [&](std::int64_t first, std::int64_t last, std::vector<double>& total) {
    total.resize(static_cast<std::size_t>(b));
    for (std::int64_t row = first; row < last; ++row) {
      const Offset begin = indptr_[row];
      const double gamma = options_.gamma[row];
      for (std::size_t j = 0; j < total.size(); ++j) total[j] = gamma * constant[j];
      kernels.add(indices_ + begin, values + begin, indptr_[row + 1] - begin, n_nonzeros() - begin, x, b,
                  total.data());
      for (std::int64_t j = 0; j < b; ++j) y[row * b + j] = static_cast<float>(total[static_cast<std::size_t>(j)]);
    }
  });
}

template <class X>
void TargetMatrix::exact_product(const X* x, double* y, std::int64_t b, int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  const std::vector<double> constant = rank_one(x, b, n_workers, control);
  for_ranges(n_workers, control, [&](std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    for (std::int64_t row = first; row < last; ++row) {
      double* total = y + row * b;
      for (std::int64_t j = 0; j < b; ++j) total[j] = options_.gamma[row] * constant[static_cast<std::size_t>(j)];
      for (Offset begin = indptr_[row]; begin < indptr_[row + 1]; begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, indptr_[row + 1]);
        fill_values(kernels, options_, indices_, counts_, wide_, row, begin, end, buffer.data());
        if constexpr (std::is_same_v<X, float>) {
          kernels.add_mixed(indices_ + begin, buffer.data(), end - begin, n_nonzeros() - begin, x, b, total);
        } else {
          kernels.add_exact(indices_ + begin, buffer.data(), end - begin, n_nonzeros() - begin, x, b, total);
        }
      }
    }
  });
}

template void TargetMatrix::exact_product(const float*, double*, std::int64_t, int, Control&) const;
template void TargetMatrix::exact_product(const double*, double*, std::int64_t, int, Control&) const;

double TargetMatrix::excess_square(int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  std::vector<double> per_row(static_cast<std::size_t>(n_words_));  // summed in row order: one result for all workers
  for_ranges(n_workers, control, [&](std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    for (std::int64_t row = first; row < last; ++row) {
      double sum = 0;
      for (Offset begin = indptr_[row]; begin < indptr_[row + 1]; begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, indptr_[row + 1]);
        fill_values(kernels, options_, indices_, counts_, wide_, row, begin, end, buffer.data());
        for (Offset e = begin; e < end; ++e) {
          const double value = buffer[static_cast<std::size_t>(e - begin)];
          const double constant = options_.unseen * options_.gamma[row] * options_.gamma[indices_[e]];
          sum += value * (value + 2 * constant);
        }
      }
      per_row[static_cast<std::size_t>(row)] = sum;
    }
  });
  double result = 0;
  for (const double sum : per_row) result += sum;
  return result;
}

}  // namespace fastqwem
