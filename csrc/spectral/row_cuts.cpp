#include "spectral/row_cuts.h"

namespace fastqwem {

RowCuts::RowCuts(PaddedRow* rows, std::int64_t n_rows, std::int64_t n_words, std::int64_t panel) {
  if (panel > 0) {
    cut(rows, n_rows, n_words, panel);
  } else {
    for (std::int64_t row = 0; row < n_rows; ++row) offsets_.insert(offsets_.end(), {0, rows[row].n});
  }
  for (std::int64_t row = 0; row < n_rows; ++row) rows[row].cuts = offsets_.data() + row * (n_pieces_ + 1);
}

void RowCuts::cut(const PaddedRow* rows, std::int64_t n_rows, std::int64_t n_words, std::int64_t panel) {
  const std::int64_t n_panels = (n_words + panel - 1) / panel;
  std::vector<std::int64_t> ends(static_cast<std::size_t>(n_rows * n_panels));  // of every panel, by row
  std::vector<std::int64_t> sums(static_cast<std::size_t>(n_panels));           // nonzeros of all rows
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const WordId* const from = rows[row].indices;
    const std::int64_t n = rows[row].n;
    std::int64_t e = 0;
    for (std::int64_t at = 0; at < n_panels; ++at) {
      const std::int64_t begin = e;
      while (e < n && from[e] < (at + 1) * panel) ++e;
      if (at + 1 == n_panels) e = n;  // whatever the order of the indices, every nonzero is in one piece
      ends[static_cast<std::size_t>(row * n_panels + at)] = e;
      sums[static_cast<std::size_t>(at)] += e - begin;
    }
  }
  std::vector<std::int64_t> chosen;  // panels that end a piece
  std::int64_t sum = 0;
  for (std::int64_t at = 0; at < n_panels; ++at) {
    sum += sums[static_cast<std::size_t>(at)];
    if (sum < panel && at + 1 < n_panels) continue;
    chosen.push_back(at);
    sum = 0;
  }
  n_pieces_ = static_cast<std::int64_t>(chosen.size());
  for (std::int64_t row = 0; row < n_rows; ++row) {
    offsets_.push_back(0);
    for (const std::int64_t at : chosen) offsets_.push_back(ends[static_cast<std::size_t>(row * n_panels + at)]);
  }
}

}  // namespace fastqwem
