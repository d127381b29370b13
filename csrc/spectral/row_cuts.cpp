#include "spectral/row_cuts.h"

namespace fastqwem {

RowCuts::RowCuts(const RowPart& part, std::int64_t n_words, std::int64_t first, std::int64_t last, bool several) {
  if (!several) {
    for (std::int64_t row = first; row < last; ++row) {
      offsets_.insert(offsets_.end(), {0, part.end(row) - part.begin(row)});
    }
    return;
  }
  const std::int64_t n_rows = last - first, n_panels = (n_words + kPanel - 1) / kPanel;
  std::vector<std::int64_t> ends(static_cast<std::size_t>(n_rows * n_panels));  // of every panel, by row
  std::vector<std::int64_t> sums(static_cast<std::size_t>(n_panels));           // nonzeros of all rows
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const WordId* const from = part.indices + part.begin(first + row);
    const std::int64_t n = part.end(first + row) - part.begin(first + row);
    std::int64_t e = 0;
    for (std::int64_t panel = 0; panel < n_panels; ++panel) {
      const std::int64_t begin = e;
      while (e < n && from[e] < (panel + 1) * kPanel) ++e;
      if (panel + 1 == n_panels) e = n;  // whatever the order of the indices, every nonzero is in one piece
      ends[static_cast<std::size_t>(row * n_panels + panel)] = e;
      sums[static_cast<std::size_t>(panel)] += e - begin;
    }
  }
  std::vector<std::int64_t> chosen;  // panels that end a piece
  std::int64_t sum = 0;
  for (std::int64_t panel = 0; panel < n_panels; ++panel) {
    sum += sums[static_cast<std::size_t>(panel)];
    if (sum < kPanel && panel + 1 < n_panels) continue;
    chosen.push_back(panel);
    sum = 0;
  }
  n_pieces_ = static_cast<std::int64_t>(chosen.size());
  for (std::int64_t row = 0; row < n_rows; ++row) {
    offsets_.push_back(0);
    for (const std::int64_t panel : chosen) offsets_.push_back(ends[static_cast<std::size_t>(row * n_panels + panel)]);
  }
}

}  // namespace fastqwem
