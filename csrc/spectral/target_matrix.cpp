#include "spectral/target_matrix.h"

#include <algorithm>
#include <utility>

#include "core/file.h"
#include "core/huge_buffer.h"
#include "core/parallel.h"
#include "spectral/row_kernels.h"

namespace fastqwem {
namespace {

constexpr std::int64_t kRangeNonzeros = 1 << 17;  // a piece of work: at least a row, about a millisecond
constexpr std::int64_t kRangeRows = 1 << 12;
constexpr std::int64_t kSegment = 1 << 12;  // float64 values of one row made at a time: 32 KB, stays in cache

}  // namespace

TargetMatrix::TargetMatrix(std::vector<RowPart> parts, std::int64_t n_words, const TargetOptions& options,
                           int n_workers, Control& control)
    : counts_(std::move(parts), n_words, kRangeNonzeros, kRangeRows, n_workers, control), options_(options) {}

// body(part, first, last, buffer) for all ranges of rows.
template <class Body>
void TargetMatrix::for_ranges(int n_workers, Control& control, Body&& body) const {
  control.set_total(static_cast<std::uint64_t>(n_nonzeros()));
  std::vector<std::vector<double>> buffers(static_cast<std::size_t>(std::max(n_workers, 1)));
  counts_.for_ranges(n_workers, control,
                     [&](const RowPart& part, std::int64_t first, std::int64_t last, int worker) {
                       body(part, first, last, buffers[static_cast<std::size_t>(worker)]);
                       control.advance(static_cast<std::uint64_t>(part.begin(last) - part.begin(first)));
                     });
}

namespace {

// Values of nonzeros [begin, end) of a row, whatever the width of the counts.
void fill_values(const RowKernels& kernels, const TargetOptions& options, const RowPart& part, std::int64_t row,
                 Offset begin, Offset end, double* values) {
  const WordId* const indices = part.indices + begin;
  if (part.wide) {
    const auto* const counts = static_cast<const std::int64_t*>(part.counts);
    kernels.fill64(options, row, indices, counts + begin, end - begin, values);
  } else {
    const auto* const counts = static_cast<const std::int32_t*>(part.counts);
    kernels.fill32(options, row, indices, counts + begin, end - begin, values);
  }
}

}  // namespace

void TargetMatrix::values(float* values, bool mapped, int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  for_ranges(n_workers, control,
             [&](const RowPart& part, std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    float* const out = values + part.at;
    for (std::int64_t row = first; row < last; ++row) {
      for (Offset begin = part.begin(row); begin < part.end(row); begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, part.end(row));
        fill_values(kernels, options_, part, row, begin, end, buffer.data());
        for (Offset e = begin; e < end; ++e) out[e] = static_cast<float>(buffer[static_cast<std::size_t>(e - begin)]);
      }
    }
    if (mapped) release_values(values, out + part.begin(first), out + part.begin(last));
  });
}

void TargetMatrix::release_values(const float* values, const float* begin, const float* end) const {
  release_piece(values, values + n_nonzeros(), begin, end);
}

template <class X>
std::vector<double> TargetMatrix::rank_one(const X* x, std::int64_t b, int n_workers, Control& control) const {
  const auto width = static_cast<std::size_t>(b);
  std::vector<double> result(width);
  if (options_.unseen == 0) return result;
  const auto n_blocks = static_cast<std::size_t>((n_words() + kRowBlock - 1) / kRowBlock);
  std::vector<double> sums(n_blocks * width);
  for_row_blocks(n_words(), n_workers, control, [&](std::int64_t first, std::int64_t last) {
    double* sum = sums.data() + static_cast<std::size_t>(first / kRowBlock) * width;
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

void TargetMatrix::product(const float* values, bool mapped, const float* x, float* y, std::int64_t b, bool rough,
                           int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  HugeBuffer<std::uint16_t> shorts;
  if (rough) {
    shorts = HugeBuffer<std::uint16_t>(static_cast<std::size_t>(n_words() * b));
    for_row_blocks(n_words(), n_workers, control, [&](std::int64_t first, std::int64_t last) {
      shorten(x + first * b, (last - first) * b, shorts.data() + first * b);
    });
  }
  const std::vector<double> constant = rank_one(x, b, n_workers, control);
  for_ranges(n_workers, control,
             [&](const RowPart& part, std::int64_t first, std::int64_t last, std::vector<double>& total) {
    total.resize(static_cast<std::size_t>(b));
    const float* const own = values + part.at;
    for (std::int64_t row = first; row < last; ++row) {
      const Offset begin = part.begin(row);
      const double gamma = options_.gamma[row];
      for (std::size_t j = 0; j < total.size(); ++j) total[j] = gamma * constant[j];
      const std::int64_t n = part.end(row) - begin, readable = part.size() - begin;
      if (rough) {
        kernels.add_short(part.indices + begin, own + begin, n, readable, shorts.data(), b, total.data());
      } else {
        kernels.add(part.indices + begin, own + begin, n, readable, x, b, total.data());
      }
      for (std::int64_t j = 0; j < b; ++j) y[row * b + j] = static_cast<float>(total[static_cast<std::size_t>(j)]);
    }
    if (mapped) release_values(values, own + part.begin(first), own + part.begin(last));
  });
}

template <class X>
void TargetMatrix::exact_product(const X* x, double* y, std::int64_t b, int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  const std::vector<double> constant = rank_one(x, b, n_workers, control);
  for_ranges(n_workers, control,
             [&](const RowPart& part, std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    for (std::int64_t row = first; row < last; ++row) {
      double* total = y + row * b;
      for (std::int64_t j = 0; j < b; ++j) total[j] = options_.gamma[row] * constant[static_cast<std::size_t>(j)];
      for (Offset begin = part.begin(row); begin < part.end(row); begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, part.end(row));
        fill_values(kernels, options_, part, row, begin, end, buffer.data());
        if constexpr (std::is_same_v<X, float>) {
          kernels.add_mixed(part.indices + begin, buffer.data(), end - begin, part.size() - begin, x, b, total);
        } else {
          kernels.add_exact(part.indices + begin, buffer.data(), end - begin, part.size() - begin, x, b, total);
        }
      }
    }
  });
}

template void TargetMatrix::exact_product(const float*, double*, std::int64_t, int, Control&) const;
template void TargetMatrix::exact_product(const double*, double*, std::int64_t, int, Control&) const;

double TargetMatrix::excess_square(int n_workers, Control& control) const {
  const RowKernels& kernels = row_kernels();
  std::vector<double> per_row(static_cast<std::size_t>(n_words()));  // summed in row order: one result for all workers
  for_ranges(n_workers, control,
             [&](const RowPart& part, std::int64_t first, std::int64_t last, std::vector<double>& buffer) {
    buffer.resize(kSegment);
    for (std::int64_t row = first; row < last; ++row) {
      double sum = 0;
      for (Offset begin = part.begin(row); begin < part.end(row); begin += kSegment) {
        const Offset end = std::min<Offset>(begin + kSegment, part.end(row));
        fill_values(kernels, options_, part, row, begin, end, buffer.data());
        for (Offset e = begin; e < end; ++e) {
          const double value = buffer[static_cast<std::size_t>(e - begin)];
          const double constant = options_.unseen * options_.gamma[row] * options_.gamma[part.indices[e]];
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
