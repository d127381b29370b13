// Counts one stretch of a corpus into a run on disk, for `merge_runs`.
//
// Memory: 8 bytes a token of the stretch for the index (+ 4 for the ids, when those are a mapped file)
//   + workers * (8 or 12 bytes * vocab_size + 8 to 28 bytes * nonzeros of a group).
#pragma once

#include <string>
#include <vector>

#include "core/control.h"
#include "counts/corpus_view.h"
#include "counts/run_file.h"

namespace fastqwem {

// How often each word occurs; goes once over the corpus.
std::vector<Offset> count_occurrences(const CorpusView& corpus, Control& control);

// Counts the occurrences at ids[first, last), whose windows may reach beyond, into a new file. `rows` are the first
// rows of the groups, and vocab_size at the end; runs merge if theirs are the same.
RunTable count_run(const CorpusView& corpus, const Window& window, Offset first, Offset last,
                   const std::vector<WordId>& rows, int n_workers, const std::string& path, Control& control);

}  // namespace fastqwem
