#include "counts/count_run.h"

#include <algorithm>

#include "core/parallel.h"
#include "counts/position_index.h"
#include "counts/row_counter.h"

namespace fastqwem {
namespace {

constexpr Offset kBlock = Offset{1} << 22;  // tokens counted before their pages are released

struct Worker {
  explicit Worker(WordId vocab_size) : accumulators(vocab_size) {}
  Accumulators accumulators;
  RowBuffer buffer;
  std::vector<std::uint8_t> scratch;
};

}  // namespace

std::vector<Offset> count_occurrences(const CorpusView& corpus, Control& control) {
  std::vector<Offset> occurrences(static_cast<std::size_t>(corpus.vocab_size), 0);
  for (Offset first = 0; first < corpus.n_tokens; first += kBlock) {
    control.check();
    const Offset last = std::min(corpus.n_tokens, first + kBlock);
    count_ids(corpus, first, last, occurrences.data());
    if (corpus.mapped) release_mapped(corpus.ids + first, corpus.ids + last);
  }
  return occurrences;
}

RunTable count_run(const CorpusView& corpus, const Window& window, Offset first, Offset last,
                   const std::vector<WordId>& rows, int n_workers, const std::string& path, Control& control) {
  const PositionIndex index = build_index(corpus, window.size(), first, last, n_workers, control);
  std::vector<Offset> occurrences(static_cast<std::size_t>(corpus.vocab_size));
  for (std::size_t w = 0; w < occurrences.size(); ++w) occurrences[w] = index.starts[w + 1] - index.starts[w];
  const std::vector<RowGroup> groups = groups_of(rows, occurrences, window);
  control.set_total(static_cast<std::uint64_t>(last - first));
  RunWriter run(path, groups.size());
  std::vector<Worker> workers;
  for (int w = 0; w < n_workers; ++w) workers.emplace_back(corpus.vocab_size);
  parallel_for(n_workers, groups.size(), control, [&](std::size_t g, int w) {
    Worker& worker = workers[static_cast<std::size_t>(w)];
    count_group(corpus, index, window, groups[g], worker.accumulators, worker.buffer, control);
    run.write(g, groups[g], worker.buffer, worker.scratch, control);
  });
  if (corpus.mapped) release_mapped(corpus.ids, corpus.ids + last);  // windows reach into other stretches
  return run.table();
}

}  // namespace fastqwem
