#include "counts/row_counter.h"

#include <algorithm>

namespace fastqwem {
namespace {

// Occurrences between prefetch and use. Occurrences of one word are far apart, so nearly every window is a
// cache miss: with every line of the window fetched this far ahead an increment costs 0.5 ns, without 2.5 ns.
constexpr Offset kAhead = 24;
constexpr int kIdsPerLine = 64 / sizeof(WordId);
constexpr Offset kCheckEvery = 1 << 16;  // occurrences between looks at the stop token
// A row with fewer than vocab_size / kSparse increments is read off through its list, else by a scan of all
// cells: listing costs about a cycle an increment and six a nonzero, scanning about V / 8 cycles.
constexpr Offset kSparse = 16;

// Calls add(word, weight) for every word in the window of every occurrence in [begin, end).
template <class Add>
void visit(const WordId* ids, const Occurrence* begin, const Occurrence* end, const Window& window, Add&& add) {
  const std::uint32_t* const weights = window.weights.data();
  for (const Occurrence* occurrence = begin; occurrence != end; ++occurrence) {
    if (end - occurrence > kAhead) {
      const WordId* const next = ids + occurrence[kAhead].position;
      const WordId* const last = next + occurrence[kAhead].right;
      for (const WordId* line = next - occurrence[kAhead].left; line < last; line += kIdsPerLine) {
        __builtin_prefetch(line);
      }
      __builtin_prefetch(last);
    }
    const WordId* const here = ids + occurrence->position;
    const int left = occurrence->left, right = occurrence->right;
#pragma GCC unroll 4
    for (int d = 1; d <= left; ++d) add(here[-d], weights[d - 1]);
#pragma GCC unroll 4
    for (int d = 1; d <= right; ++d) add(here[d], weights[d - 1]);
  }
}

template <class Count>
void count_row(const WordId* ids, const Occurrence* begin, const Occurrence* end, const Window& window,
               WordId vocab_size, Accumulator<Count>& accumulator, RowBuffer& buffer, Control& control) {
  const Offset increments = 2 * static_cast<Offset>(window.size()) * (end - begin);
  std::size_t found = 0;
  if (increments < vocab_size / kSparse) {
    accumulator.expect_listed(static_cast<std::size_t>(increments));
    visit(ids, begin, end, window,
          [&](WordId word, std::uint32_t weight) { accumulator.add_listed(word, weight); });
    found = accumulator.emit_listed(buffer.columns(), buffer.counts<Count>());
  } else {
    Count* const cells = accumulator.cells();
    while (begin != end) {
      const Occurrence* const stop = begin + std::min<Offset>(end - begin, kCheckEvery);
      visit(ids, begin, stop, window, [&](WordId word, std::uint32_t weight) { cells[word] += weight; });
      begin = stop;
      control.check();
    }
    found = accumulator.emit_all(buffer.columns(), buffer.counts<Count>());
  }
  buffer.finish_row(found);
}

template <class Count>
void count_rows(const CorpusView& corpus, const PositionIndex& index, const Window& window, const RowGroup& group,
                Accumulator<Count>& accumulator, RowBuffer& buffer, Control& control) {
  const WordId* const ids = corpus.ids + index.first;
  const Occurrence* const occurrences = index.occurrences.data();
  for (auto row = static_cast<std::size_t>(group.first); row < static_cast<std::size_t>(group.last); ++row) {
    count_row(ids, occurrences + index.starts[row], occurrences + index.starts[row + 1], window,
              corpus.vocab_size, accumulator, buffer, control);
  }
}

}  // namespace

void count_group(const CorpusView& corpus, const PositionIndex& index, const Window& window,
                 const RowGroup& group, Accumulators& accumulators, RowBuffer& buffer, Control& control) {
  buffer.start(group);
  if (group.wide) {
    count_rows(corpus, index, window, group, accumulators.get<std::uint64_t>(), buffer, control);
  } else {
    count_rows(corpus, index, window, group, accumulators.get<std::uint32_t>(), buffer, control);
  }
  control.advance(static_cast<std::uint64_t>(index.starts[static_cast<std::size_t>(group.last)] -
                                             index.starts[static_cast<std::size_t>(group.first)]));
}

}  // namespace fastqwem
