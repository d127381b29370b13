// Adds runs, and counts that were there before, row by row into the arrays of one CSR matrix on disk. Sums of
// integers: the result is the same for any stretches, groups, ranges of rows and workers.
//
// Memory: workers * (8 or 12 bytes * vocab_size + 8 to 28 bytes * nonzeros of a group + buffer_bytes).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/control.h"
#include "counts/run_file.h"

namespace fastqwem {

// Rows of an older matrix that the runs are added to: row `first + i` is indices[indptr[i]] .. [indptr[i + 1]].
struct OldRows {
  WordId first, last;
  const Offset* indptr;
  const WordId* indices;
  const std::int32_t* narrow;  // the counts, in either of these
  const std::int64_t* wide;
  bool mapped;  // a read-only map of a file, whose pages may be let go
};

inline constexpr std::size_t kSmallestBuffer = 4096;

struct MergePlan {
  std::vector<WordId> rows;        // as given to count_run
  std::size_t first_group, last_group;
  WordId vocab_size;
  int n_workers;
  std::size_t buffer_bytes;        // of a worker, for reading all runs; but no less than kSmallestBuffer a run
  std::string directory;           // must exist; "indices" and "data" are made there
};

struct MergedRows {
  std::vector<Offset> indptr;  // from 0; the matrix is indptr here, "indices" (int32) and "data" in the directory
  bool wide = false;           // "data" is int64, else int32
  std::uint64_t largest = 0;
};

// `old` parts follow each other and do not overlap.
MergedRows merge_runs(const std::vector<Run>& runs, const std::vector<OldRows>& old, const MergePlan& plan,
                      Control& control);

}  // namespace fastqwem
