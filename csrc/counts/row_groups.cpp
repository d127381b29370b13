#include "counts/row_groups.h"

#include <algorithm>
#include <limits>

#include "counts/accumulator.h"

namespace fastqwem {

std::vector<RowGroup> make_groups(const std::vector<Offset>& occurrences, const Window& window,
                                  std::uint64_t nonzeros) {
  const auto vocab_size = static_cast<std::uint64_t>(occurrences.size());
  const auto span = 2 * static_cast<std::uint64_t>(window.size());
  const std::uint64_t narrow_most = std::numeric_limits<std::uint32_t>::max() / window.reach();
  std::vector<RowGroup> groups;
  for (WordId row = 0; row < static_cast<WordId>(vocab_size); ++row) {
    const auto n = static_cast<std::uint64_t>(occurrences[static_cast<std::size_t>(row)]);
    const std::uint64_t most = n >= vocab_size ? vocab_size : std::min(vocab_size, n * span);
    const bool wide = n > narrow_most;
    if (groups.empty() || groups.back().wide != wide || groups.back().most + most > nonzeros) {
      groups.push_back({row, row, wide, 0});
    }
    groups.back().last = row + 1;
    groups.back().most += most;
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
