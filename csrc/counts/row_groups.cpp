#include "counts/row_groups.h"

#include <algorithm>
#include <limits>

#include "counts/accumulator.h"

namespace fastqwem {

namespace {

// What one row can come to, from the occurrences of its word.
class RowBounds {
 public:
  RowBounds(std::size_t vocab_size, const Window& window)
      : vocab_size_(vocab_size),
        span_(2 * static_cast<std::uint64_t>(window.size())),
        narrow_most_(std::numeric_limits<std::uint32_t>::max() / window.reach()) {}
  std::uint64_t nonzeros(std::uint64_t n) const {
    return n >= vocab_size_ ? vocab_size_ : std::min(vocab_size_, n * span_);
  }
  bool wide(std::uint64_t n) const { return n > narrow_most_; }

 private:
  std::uint64_t vocab_size_, span_, narrow_most_;
};

}  // namespace

std::vector<RowGroup> make_groups(const std::vector<Offset>& occurrences, const Window& window,
                                  std::uint64_t nonzeros) {
  const RowBounds bounds(occurrences.size(), window);
  std::vector<RowGroup> groups;
  for (WordId row = 0; row < static_cast<WordId>(occurrences.size()); ++row) {
    const auto n = static_cast<std::uint64_t>(occurrences[static_cast<std::size_t>(row)]);
    const std::uint64_t most = bounds.nonzeros(n);
    const bool wide = bounds.wide(n);
    if (groups.empty() || groups.back().wide != wide || groups.back().most + most > nonzeros) {
      groups.push_back({row, row, wide, 0});
    }
    groups.back().last = row + 1;
    groups.back().most += most;
  }
  return groups;
}

std::vector<WordId> cut_rows(const std::vector<Offset>& occurrences, const Window& window, std::uint64_t nonzeros) {
  std::vector<WordId> rows;
  for (const RowGroup& group : make_groups(occurrences, window, nonzeros)) rows.push_back(group.first);
  rows.push_back(static_cast<WordId>(occurrences.size()));
  return rows;
}

std::vector<RowGroup> groups_of(const std::vector<WordId>& rows, const std::vector<Offset>& occurrences,
                                const Window& window) {
  const RowBounds bounds(occurrences.size(), window);
  std::vector<RowGroup> groups;
  for (std::size_t g = 0; g + 1 < rows.size(); ++g) {
    RowGroup group{rows[g], rows[g + 1], false, 0};
    for (WordId row = group.first; row < group.last; ++row) {
      const auto n = static_cast<std::uint64_t>(occurrences[static_cast<std::size_t>(row)]);
      group.most += bounds.nonzeros(n);
      group.wide = group.wide || bounds.wide(n);
    }
    groups.push_back(group);
  }
  return groups;
}

void RowBuffer::start(const RowGroup& group) {
  const auto room = static_cast<std::size_t>(group.most) + Accumulator<std::uint32_t>::kSlack;
  if (columns_.size() < room) columns_ = HugeBuffer<WordId>(room);
  if (group.wide) {
    if (wide_.size() < room) wide_ = HugeBuffer<std::uint64_t>(room);
  } else if (narrow_.size() < room) {
    narrow_ = HugeBuffer<std::uint32_t>(room);
  }
  row_sizes.clear();
  size_ = 0;
}

std::uint64_t RowBuffer::largest(bool is_wide) const {
  if (size_ == 0) return 0;
  return is_wide ? *std::max_element(wide(), wide() + size_) : *std::max_element(narrow(), narrow() + size_);
}

}  // namespace fastqwem
