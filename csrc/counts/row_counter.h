// Counts the rows of a group from the inverted index: for every occurrence of the row's word, the words around
// it are added to the accumulator. Both sides of the window are counted, so rows are whole and the matrix is
// symmetric without a transpose.
#pragma once

#include <memory>

#include "core/control.h"
#include "counts/accumulator.h"
#include "counts/position_index.h"
#include "counts/row_groups.h"

namespace fastqwem {

// One worker's accumulators: the wide one is made when the first wide row comes.
class Accumulators {
 public:
  explicit Accumulators(WordId vocab_size) : vocab_size_(vocab_size) {}
  template <class Count>
  Accumulator<Count>& get();

 private:
  WordId vocab_size_;
  std::unique_ptr<Accumulator<std::uint32_t>> narrow_;
  std::unique_ptr<Accumulator<std::uint64_t>> wide_;
};

template <>
inline Accumulator<std::uint32_t>& Accumulators::get() {
  if (!narrow_) narrow_ = std::make_unique<Accumulator<std::uint32_t>>(vocab_size_);
  return *narrow_;
}
template <>
inline Accumulator<std::uint64_t>& Accumulators::get() {
  if (!wide_) wide_ = std::make_unique<Accumulator<std::uint64_t>>(vocab_size_);
  return *wide_;
}

void count_group(const CorpusView& corpus, const PositionIndex& index, const Window& window,
                 const RowGroup& group, Accumulators& accumulators, RowBuffer& buffer, Control& control);

}  // namespace fastqwem
