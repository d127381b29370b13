// Drawing from a discrete distribution in one look-up (Walker 1977, as Vose 1991 builds it).
#pragma once

#include <cstdint>
#include <vector>

#include "core/counter_random.h"
#include "core/types.h"

namespace fastqwem {

class AliasTable {
 public:
  // One column: below `threshold` the draw is the column itself, else `alias`. Side by side, so that a draw touches
  // one cache line.
  struct Column {
    std::uint32_t threshold;
    WordId alias;
  };

  AliasTable() = default;
  // From weights that need not sum to one; std::invalid_argument if there are none, one is negative or not finite,
  // or all are zero.
  explicit AliasTable(const std::vector<double>& weights);

  WordId draw(Bits bits) const {
    const std::uint32_t at = scaled(bits.first, static_cast<std::uint32_t>(columns_.size()));
    const Column column = columns_[at];
    return bits.second < column.threshold ? static_cast<WordId>(at) : column.alias;
  }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::vector<Column> columns_;
};

}  // namespace fastqwem
