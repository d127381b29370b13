// The matrix is made in groups of consecutive rows: large enough to be worth handing to a worker, small enough
// that a worker's buffer stays in cache (or in the memory budget). Rows whose counts could overflow 32 bits are
// "wide"; a group never mixes the two kinds.
#pragma once

#include <cstdint>
#include <vector>

#include "core/huge_buffer.h"
#include "core/types.h"
#include "counts/corpus_view.h"

namespace fastqwem {

struct RowGroup {
  WordId first, last;  // rows [first, last)
  bool wide;
  std::uint64_t most;  // no more nonzeros than this
};

// `occurrences[w]`: how often word w occurs. A group holds at most `nonzeros` entries, or one row.
std::vector<RowGroup> make_groups(const std::vector<Offset>& occurrences, const Window& window,
                                  std::uint64_t nonzeros);

// The first row of each of those groups, and vocab_size at the end.
std::vector<WordId> cut_rows(const std::vector<Offset>& occurrences, const Window& window, std::uint64_t nonzeros);

// One group for each range of rows that is given, whatever it holds; wide if one of its rows is.
std::vector<RowGroup> groups_of(const std::vector<WordId>& rows, const std::vector<Offset>& occurrences,
                                const Window& window);

// The finished rows of one group, in the buffer of the worker that made them.
class RowBuffer {
 public:
  void start(const RowGroup& group);
  WordId* columns() { return columns_.data() + size_; }
  template <class Count>
  Count* counts();
  // Ends a row of n entries that were written at columns() and counts().
  void finish_row(std::size_t n) {
    row_sizes.push_back(static_cast<Offset>(n));
    size_ += n;
  }
  std::size_t size() const { return size_; }
  const WordId* all_columns() const { return columns_.data(); }
  const std::uint32_t* narrow() const { return narrow_.data(); }
  const std::uint64_t* wide() const { return wide_.data(); }
  std::uint64_t largest(bool is_wide) const;

  std::vector<Offset> row_sizes;

 private:
  HugeBuffer<WordId> columns_;
  HugeBuffer<std::uint32_t> narrow_;
  HugeBuffer<std::uint64_t> wide_;
  std::size_t size_ = 0;
};

template <>
inline std::uint32_t* RowBuffer::counts<std::uint32_t>() {
  return narrow_.data() + size_;
}
template <>
inline std::uint64_t* RowBuffer::counts<std::uint64_t>() {
  return wide_.data() + size_;
}

}  // namespace fastqwem
