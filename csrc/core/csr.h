// The rows of a V x V CSR matrix, in memory or mapped from files, as pieces of work.
//
// The matrix comes in parts, each some rows in arrays of their own. Parts that are mapped are read ahead of use and let
// go after it, so that a pass over them holds no more than the workers are at, however large the files are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/control.h"
#include "core/parallel.h"
#include "core/types.h"

namespace fastqwem {

// Rows [first, last), with borrowed arrays.
struct RowPart {
  std::int64_t first = 0, last = 0;
  Offset at = 0;                     // nonzeros of the parts before this one
  const Offset* indptr = nullptr;    // last - first + 1 of them, from 0 on
  const WordId* indices = nullptr;
  const void* counts = nullptr;
  bool wide = false;                 // counts are int64, else int32
  bool mapped = false;               // indices and counts are maps of files

  // Where the nonzeros of a row are in the arrays.
  Offset begin(std::int64_t row) const { return indptr[row - first]; }
  Offset end(std::int64_t row) const { return indptr[row - first + 1]; }
  Offset size() const { return indptr[last - first]; }
};

class CountRows {
 public:
  // Ranges, the pieces of work, end with the row that fills them up to max_nonzeros or max_rows. Throws
  // std::invalid_argument unless the parts are rows [0, n_words) in order, no indptr decreases and all column indices
  // are within [0, n_words): kernels do not look again.
  CountRows(std::vector<RowPart> parts, std::int64_t n_words, std::int64_t max_nonzeros, std::int64_t max_rows,
            int n_workers, Control& control);
  CountRows(const CountRows&) = delete;  // ranges point to the parts
  CountRows& operator=(const CountRows&) = delete;

  std::int64_t n_words() const { return n_words_; }
  std::int64_t n_nonzeros() const { return n_nonzeros_; }

  // Calls body(part, first, last, worker) for all ranges of rows.
  template <class Body>
  void for_ranges(int n_workers, Control& control, Body&& body) const {
    parallel_for(n_workers, ranges_.size(), control, [&](std::size_t item, int worker) {
      const Range& range = ranges_[item];
      const RowPart& part = *range.part;
      if (part.mapped && item + kAhead < ranges_.size()) read_ahead(ranges_[item + kAhead]);
      body(part, range.first, range.last, worker);
      if (part.mapped) release(range);
    });
  }

 private:
  struct Range {
    const RowPart* part;
    std::int64_t first, last;
  };
  static constexpr std::size_t kAhead = 8;  // ranges
  void add_ranges(const RowPart& part, std::int64_t max_nonzeros, std::int64_t max_rows);
  void check_indices(int n_workers, Control& control) const;
  static void read_ahead(const Range& range);
  static void release(const Range& range);

  std::vector<RowPart> parts_;
  std::int64_t n_words_, n_nonzeros_ = 0;
  std::vector<Range> ranges_;
};

}  // namespace fastqwem
