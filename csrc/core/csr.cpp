#include "core/csr.h"

#include <atomic>
#include <stdexcept>

#include "core/parallel.h"

namespace fastqwem {

std::vector<std::int64_t> row_ranges(const Offset* indptr, std::int64_t n_rows, std::int64_t max_nonzeros,
                                     std::int64_t max_rows) {
  std::vector<std::int64_t> ranges = {0};
  for (std::int64_t row = 0; row < n_rows; ++row) {
    if (indptr[row + 1] < indptr[row]) throw std::invalid_argument("counts: indptr must not decrease");
    const std::int64_t begin = ranges.back();
    if (indptr[row + 1] - indptr[begin] >= max_nonzeros || row + 1 - begin >= max_rows || row + 1 == n_rows) {
      ranges.push_back(row + 1);
    }
  }
  return ranges;
}

void check_indices(const Offset* indptr, const WordId* indices, const std::vector<std::int64_t>& ranges,
                   std::int64_t n_columns, int n_workers, Control& control) {
  std::atomic<bool> sound{true};
  parallel_for(n_workers, ranges.size() - 1, control, [&](std::size_t item, int) {
    const auto limit = static_cast<std::uint32_t>(n_columns);
    bool inside = true;
    for (Offset e = indptr[ranges[item]]; e < indptr[ranges[item + 1]]; ++e) {
      inside &= static_cast<std::uint32_t>(indices[e]) < limit;
    }
    if (!inside) sound = false;
  });
  if (!sound) throw std::invalid_argument("counts: a column index is not in the vocabulary");
}

}  // namespace fastqwem
