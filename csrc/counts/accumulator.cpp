#include "counts/accumulator.h"

#include <cstring>

#include "counts/emit.h"

namespace fastqwem {
namespace {

std::size_t padded(WordId vocab_size) { return (static_cast<std::size_t>(vocab_size) + 15) / 16 * 16; }

}  // namespace

template <class Count>
Accumulator<Count>::Accumulator(WordId vocab_size)
    : cells_(padded(vocab_size)),
      marks_(padded(vocab_size) / 64 + 1),
      summary_(marks_.size() / 64 + 1) {
  std::memset(cells_.data(), 0, cells_.size() * sizeof(Count));
}

template <class Count>
void Accumulator<Count>::expect_listed(std::size_t most) {
  if (listed_.size() < most + 1) listed_.resize(most + 1);
  n_listed_ = 0;
}

template <class Count>
std::size_t Accumulator<Count>::emit_all(WordId* columns, Count* counts) {
  return emit_nonzeros(cells_.data(), cells_.size(), columns, counts);
}

template <class Count>
std::size_t Accumulator<Count>::emit_listed(WordId* columns, Count* counts) {
  for (std::size_t i = 0; i < n_listed_; ++i) {
    const auto column = static_cast<std::uint32_t>(listed_[i]);
    marks_[column >> 6] |= std::uint64_t{1} << (column & 63);
    summary_[column >> 12] |= std::uint64_t{1} << (column >> 6 & 63);
  }
  std::size_t found = 0;
  for (std::size_t s = 0; s < summary_.size(); ++s) {
    for (std::uint64_t blocks = summary_[s]; blocks; blocks &= blocks - 1) {
      const std::size_t block = s * 64 + static_cast<std::size_t>(__builtin_ctzll(blocks));
      for (std::uint64_t bits = marks_[block]; bits; bits &= bits - 1) {
        const std::size_t column = block * 64 + static_cast<std::size_t>(__builtin_ctzll(bits));
        columns[found] = static_cast<WordId>(column);
        counts[found++] = cells_[column];
        cells_[column] = 0;
      }
      marks_[block] = 0;
    }
    summary_[s] = 0;
  }
  n_listed_ = 0;
  return found;
}

template class Accumulator<std::uint32_t>;
template class Accumulator<std::uint64_t>;

}  // namespace fastqwem
