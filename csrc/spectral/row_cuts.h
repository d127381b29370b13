// Where the nonzeros of rows that are solved together are cut, so that what they read stays in the cache.
#pragma once

#include <cstdint>
#include <vector>

#include "core/csr.h"

namespace fastqwem {

// A piece of all rows together needs about kPanel rows of the fixed factor, which stay in the second-level cache while
// each row in turn reads those that it needs. Pieces are that many columns, and where the rows have fewer nonzeros, more.
class RowCuts {
 public:
  static constexpr std::int64_t kPanel = 512;

  // Cuts rows [first, last) into several pieces, or takes each as one.
  RowCuts(const RowPart& part, std::int64_t n_words, std::int64_t first, std::int64_t last, bool several);

  std::int64_t n_pieces() const { return n_pieces_; }
  // n_pieces + 1 offsets into the nonzeros of row first + at, from 0.
  const std::int64_t* row(std::int64_t at) const { return offsets_.data() + at * (n_pieces_ + 1); }

 private:
  std::int64_t n_pieces_ = 1;
  std::vector<std::int64_t> offsets_;
};

}  // namespace fastqwem
