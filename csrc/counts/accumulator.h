// One row of the co-occurrence matrix at a time in a dense array: the sparse accumulator (SPA) of Gustavson's
// sparse matrix product. No hash table, no list of pairs, no sort; memory is one cell a word, per worker.
//
// A row is read off either by scanning all cells (rows with many nonzeros) or through a list of the columns
// touched, put in order by a two-level bitmap (rows with few). Both leave every cell zero again.
#pragma once

#include <cstdint>
#include <vector>

#include "core/huge_buffer.h"
#include "core/types.h"

namespace fastqwem {

template <class Count>  // std::uint32_t where a row cannot overflow it, else std::uint64_t
class Accumulator {
 public:
  explicit Accumulator(WordId vocab_size);

  Count* cells() { return cells_.data(); }

  // Adds to a cell and remembers the column when it was zero; for rows that end in emit_listed().
  void add_listed(WordId column, Count amount) {
    Count& cell = cells_[static_cast<std::size_t>(column)];
    listed_[n_listed_] = column;
    n_listed_ += cell == 0;
    cell += amount;
  }
  // Before a row that ends in emit_listed(): no more than this many different columns will be touched.
  void expect_listed(std::size_t most);

  // Writes the nonzero cells in order of their columns to columns[] and counts[], which must have room for
  // kSlack entries more than come; zeroes them; returns how many there were.
  std::size_t emit_all(WordId* columns, Count* counts);
  std::size_t emit_listed(WordId* columns, Count* counts);

  static constexpr std::size_t kSlack = 16;  // emit_all stores whole vectors

 private:
  HugeBuffer<Count> cells_;
  std::vector<WordId> listed_;
  std::size_t n_listed_ = 0;
  std::vector<std::uint64_t> marks_;    // bit c: column c is listed
  std::vector<std::uint64_t> summary_;  // bit b: marks_[b] is not zero
};

}  // namespace fastqwem
