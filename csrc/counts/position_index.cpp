#include "counts/position_index.h"

#include <algorithm>
#include <vector>

#include "core/parallel.h"

namespace fastqwem {
namespace {

constexpr Offset kCheckEvery = 1 << 20;  // tokens between looks at the stop token

struct Part {
  Offset first, last;             // its tokens
  std::vector<Offset> positions;  // per word: first its count, then where its next occurrence goes
};

void count_part(const CorpusView& corpus, Part& part, Control& control) {
  part.positions.assign(static_cast<std::size_t>(corpus.vocab_size), 0);
  for (Offset block = part.first; block < part.last; block += kCheckEvery) {
    control.check();
    count_ids(corpus, block, std::min(part.last, block + kCheckEvery), part.positions.data());
  }
}

// Turns the counts of all parts into where each part puts each word: word by word, part by part.
void place_parts(std::vector<Part>& parts, HugeBuffer<Offset>& starts, WordId vocab_size) {
  Offset next = 0;
  for (std::size_t word = 0; word < static_cast<std::size_t>(vocab_size); ++word) {
    starts[word] = next;
    for (Part& part : parts) {
      const Offset count = part.positions[word];
      part.positions[word] = next;
      next += count;
    }
  }
  starts[static_cast<std::size_t>(vocab_size)] = next;
}

void fill_part(const CorpusView& corpus, Offset window, Part& part, PositionIndex& index, Control& control) {
  const Offset* const sentences_end = corpus.offsets + corpus.n_sentences + 1;
  // The first sentence that ends after part.first.
  const Offset* sentence = std::upper_bound(corpus.offsets, sentences_end, part.first) - 1;
  Offset* const next = part.positions.data();
  Occurrence* const occurrences = index.occurrences.data();
  Offset unchecked = 0;
  for (Offset i = part.first; i < part.last; ++sentence) {
    const Offset begin = sentence[0], end = sentence[1];
    const Offset stop = std::min(end, part.last);
    unchecked += stop - i;
    if (unchecked >= kCheckEvery) {
      control.check();
      unchecked = 0;
    }
    for (; i < stop; ++i) {
      occurrences[next[corpus.ids[i]]++] = {static_cast<std::uint32_t>(i - index.first),
                                            static_cast<std::uint16_t>(std::min(window, i - begin)),
                                            static_cast<std::uint16_t>(std::min(window, end - 1 - i))};
    }
  }
}

}  // namespace

PositionIndex build_index(const CorpusView& corpus, int window, Offset first, Offset last, int n_workers,
                          Control& control) {
  const Offset size = last - first;
  std::vector<Part> parts(static_cast<std::size_t>(n_workers));
  for (std::size_t p = 0; p < parts.size(); ++p) {
    parts[p].first = first + size * static_cast<Offset>(p) / n_workers;
    parts[p].last = first + size * static_cast<Offset>(p + 1) / n_workers;
  }
  PositionIndex index;
  index.first = first;
  index.starts = HugeBuffer<Offset>(static_cast<std::size_t>(corpus.vocab_size) + 1);
  parallel_for(n_workers, parts.size(), control,
               [&](std::size_t p, int) { count_part(corpus, parts[p], control); });
  place_parts(parts, index.starts, corpus.vocab_size);
  index.occurrences = HugeBuffer<Occurrence>(static_cast<std::size_t>(size));
  parallel_for(n_workers, parts.size(), control,
               [&](std::size_t p, int) { fill_part(corpus, window, parts[p], index, control); });
  return index;
}

}  // namespace fastqwem
