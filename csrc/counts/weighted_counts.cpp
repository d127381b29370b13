#include "counts/weighted_counts.h"

#include <algorithm>
#include <utility>

#include "core/huge_buffer.h"
#include "core/parallel.h"

namespace fastqwem {
namespace {

constexpr std::int64_t kRangeNonzeros = 1 << 16;  // a piece of work: at least a row, about a millisecond
constexpr std::int64_t kRangeRows = 1 << 10;
constexpr std::int64_t kSegment = 1 << 10;  // nonzeros summed in T before they join the float64 total
constexpr std::int64_t kPackedRows = 1 << 12;

template <class T>
std::int64_t padded(std::int64_t d) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  return (d + kLine - 1) / kLine * kLine;
}

// to[0..stride) = from[0..d), then zeros.
template <class T>
void pad(const T* from, std::int64_t d, T* to, std::int64_t stride) {
  std::fill(std::copy(from, from + d, to), to + stride, T{0});
}

// The rows of the given matrices side by side, each padded to `stride`.
template <class T, std::size_t N>
HugeBuffer<T> packed(const std::array<const T*, N>& matrices, std::int64_t n_rows, std::int64_t d, std::int64_t stride,
                     int n_workers, Control& control) {
  constexpr auto kParts = static_cast<std::int64_t>(N);
  HugeBuffer<T> result(static_cast<std::size_t>(n_rows * kParts * stride));
  const auto n_items = static_cast<std::size_t>((n_rows + kPackedRows - 1) / kPackedRows);
  parallel_for(n_workers, n_items, control, [&](std::size_t item, int) {
    const std::int64_t first = static_cast<std::int64_t>(item) * kPackedRows;
    for (std::int64_t row = first; row < std::min(first + kPackedRows, n_rows); ++row) {
      T* to = result.data() + row * kParts * stride;
      for (const T* matrix : matrices) {
        pad(matrix + row * d, d, to, stride);
        to += stride;
      }
    }
  });
  return result;
}

}  // namespace

WeightedCounts::WeightedCounts(std::vector<RowPart> parts, std::int64_t n_words, const double* rows,
                               const double* columns, int n_workers, Control& control)
    : counts_(std::move(parts), n_words, kRangeNonzeros, kRangeRows, n_workers, control),
      rows_(rows),
      columns_(columns) {}

// body(indices, n, readable) for the segments of a row, with the weights of their nonzeros in `values`.
template <class T, class Body>
void WeightedCounts::for_segments(const WeightedKernels<T>& kernels, const RowPart& part, std::int64_t row, T* values,
                                  Body&& body) const {
  for (Offset begin = part.begin(row); begin < part.end(row); begin += kSegment) {
    const std::int64_t n = std::min<Offset>(kSegment, part.end(row) - begin);
    const WordId* const indices = part.indices + begin;
    if (part.wide) {
      kernels.fill64(rows_[row], columns_, indices, static_cast<const std::int64_t*>(part.counts) + begin, n, values);
    } else {
      kernels.fill32(rows_[row], columns_, indices, static_cast<const std::int32_t*>(part.counts) + begin, n, values);
    }
    body(indices, n, part.size() - begin);
  }
}

template <class T>
std::array<double, 2> WeightedCounts::gather(const T* w, const T* c, std::int64_t d, double alpha, double beta, T* out,
                                             int n_workers, Control& control) const {
  const WeightedKernels<T>& kernels = weighted_kernels<T>();
  const std::int64_t stride = padded<T>(d);
  const HugeBuffer<T> table = packed<T, 1>({c}, n_words(), d, stride, n_workers, control);
  std::vector<std::array<double, 2>> per_row(static_cast<std::size_t>(n_words()));  // summed in row order
  counts_.for_ranges(n_workers, control, [&](const RowPart& part, std::int64_t first, std::int64_t last, int) {
    HugeBuffer<T> values(kSegment), centre(static_cast<std::size_t>(stride)), sum(static_cast<std::size_t>(stride));
    std::vector<double> total(static_cast<std::size_t>(d));
    for (std::int64_t row = first; row < last; ++row) {
      pad(w + row * d, d, centre.data(), stride);
      std::fill(total.begin(), total.end(), 0.0);
      std::array<double, 2> moments{};
      for_segments(kernels, part, row, values.data(), [&](const WordId* indices, std::int64_t n, std::int64_t readable) {
        kernels.gather(indices, values.data(), n, readable, table.data(), stride, centre.data(), static_cast<T>(alpha),
                       static_cast<T>(beta), sum.data(), moments.data());
        for (std::size_t j = 0; j < total.size(); ++j) total[j] += static_cast<double>(sum[j]);
      });
      for (std::size_t j = 0; j < total.size(); ++j) {
        out[row * d + static_cast<std::int64_t>(j)] = static_cast<T>(total[j]);
      }
      per_row[static_cast<std::size_t>(row)] = moments;
    }
  });
  std::array<double, 2> result{};
  for (const auto& moments : per_row) {
    for (std::size_t t = 0; t < result.size(); ++t) result[t] += moments[t];
  }
  return result;
}

template <class T>
std::array<double, kLineSums> WeightedCounts::line(const T* w, const T* dw, const T* c, const T* dc, std::int64_t d,
                                                   int n_workers, Control& control) const {
  const WeightedKernels<T>& kernels = weighted_kernels<T>();
  const std::int64_t stride = padded<T>(d);
  const HugeBuffer<T> table = packed<T, 2>({c, dc}, n_words(), d, stride, n_workers, control);
  std::vector<std::array<double, kLineSums>> per_row(static_cast<std::size_t>(n_words()));
  counts_.for_ranges(n_workers, control, [&](const RowPart& part, std::int64_t first, std::int64_t last, int) {
    HugeBuffer<T> values(kSegment), centre(static_cast<std::size_t>(2 * stride));
    for (std::int64_t row = first; row < last; ++row) {
      pad(w + row * d, d, centre.data(), stride);
      pad(dw + row * d, d, centre.data() + stride, stride);
      std::array<double, kLineSums> sums{};
      for_segments(kernels, part, row, values.data(), [&](const WordId* indices, std::int64_t n, std::int64_t readable) {
        kernels.line(indices, values.data(), n, readable, table.data(), stride, centre.data(), sums.data());
      });
      per_row[static_cast<std::size_t>(row)] = sums;
    }
  });
  std::array<double, kLineSums> result{};
  for (const auto& sums : per_row) {
    for (std::size_t t = 0; t < result.size(); ++t) result[t] += sums[t];
  }
  return result;
}

template std::array<double, 2> WeightedCounts::gather(const float*, const float*, std::int64_t, double, double, float*,
                                                      int, Control&) const;
template std::array<double, 2> WeightedCounts::gather(const double*, const double*, std::int64_t, double, double,
                                                      double*, int, Control&) const;
template std::array<double, kLineSums> WeightedCounts::line(const float*, const float*, const float*, const float*,
                                                            std::int64_t, int, Control&) const;
template std::array<double, kLineSums> WeightedCounts::line(const double*, const double*, const double*, const double*,
                                                            std::int64_t, int, Control&) const;

}  // namespace fastqwem
