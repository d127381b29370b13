// Where the nonzeros of rows that are solved together are cut, so that what they read stays in the cache.
#pragma once

#include <cstdint>
#include <vector>

#include "spectral/row_solver_kernels.h"

namespace fastqwem {

// A piece of all rows together needs so many rows of the fixed factor as stay in the second-level cache while each row in
// turn reads those that it needs, a panel. Pieces are that many columns, and where the rows have fewer nonzeros, more.
class RowCuts {
 public:
  // Cuts rows, whose cuts it sets, into pieces for panels of so many rows, or takes each as one if `panel` is 0.
  RowCuts(PaddedRow* rows, std::int64_t n_rows, std::int64_t n_words, std::int64_t panel);

  std::int64_t n_pieces() const { return n_pieces_; }

 private:
  void cut(const PaddedRow* rows, std::int64_t n_rows, std::int64_t n_words, std::int64_t panel);

  std::int64_t n_pieces_ = 1;
  std::vector<std::int64_t> offsets_;
};

}  // namespace fastqwem
