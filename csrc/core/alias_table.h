// Drawing from a discrete distribution in one look-up (Walker 1977, as Vose 1991 builds it).
#pragma once

#include <cstdint>
#include <vector>

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

  // The draw that falls on a column, uniform below size(), with 32 random bits to choose between its two.
  WordId draw(std::uint64_t column, std::uint64_t bits) const {
    const Column here = columns_[column];
    return bits < here.threshold ? static_cast<WordId>(column) : here.alias;
  }
  void prefetch(std::uint64_t column) const { __builtin_prefetch(&columns_[column]); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(columns_.size()); }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::vector<Column> columns_;
};

}  // namespace fastqwem
