// Counting in a memory budget: the corpus is counted stretch by stretch into runs on disk, then the runs are
// merged row by row into the arrays of one CSR matrix, also on disk. Sums of integers: the result is the same
// for any stretch length, group size and number of workers.
//
// Memory: stretch * (8 bytes for the index + 4 for the ids, when those are a mapped file)
//   + workers * (8 or 12 bytes * vocab_size + 8 to 28 bytes * nonzeros of a group), and when merging
//   + workers * runs * 3 bytes * nonzeros of a group.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/control.h"
#include "counts/corpus_view.h"

namespace fastqwem {

struct SpillPlan {
  Offset stretch;                 // tokens counted at a time
  std::uint64_t group_nonzeros;   // entries a worker holds at a time (or one row, if that has more)
  std::string directory;          // must exist; run files, "indices" and "data" are made there
  int n_workers;
};

struct SpilledCounts {
  std::vector<Offset> indptr;  // the matrix is indptr here, "indices" (int32) and "data" in the directory
  bool wide = false;           // "data" is int64, else int32
  std::uint64_t largest = 0;
  std::int64_t run_bytes = 0;
  int n_runs = 0;
};

SpilledCounts count_spilled(const CorpusView& corpus, const Window& window, const SpillPlan& plan,
                            Control& control);

}  // namespace fastqwem
