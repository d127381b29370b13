// An encoded corpus as the counting kernels see it, and the window that they slide over it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "core/types.h"

namespace fastqwem {

struct CorpusView {
  const WordId* ids;      // n_tokens words; every id is in [0, vocab_size)
  const Offset* offsets;  // sentence s is ids[offsets[s]] .. ids[offsets[s + 1]]
  Offset n_tokens;
  Offset n_sentences;
  WordId vocab_size;
  bool mapped;  // ids are a read-only map of a file, whose pages may be let go
};

// Adds the occurrences of each word in ids[first, last) to counts; throws std::invalid_argument for an id outside
// of the vocabulary.
inline void count_ids(const CorpusView& corpus, Offset first, Offset last, Offset* counts) {
  const auto vocab_size = static_cast<std::uint32_t>(corpus.vocab_size);
  for (Offset i = first; i < last; ++i) {
    const auto word = static_cast<std::uint32_t>(corpus.ids[i]);
    if (word >= vocab_size) throw std::invalid_argument("corpus holds an id outside its vocabulary");
    ++counts[word];
  }
}

// Weight of a context word by its distance: weights[distance - 1], distances 1 .. size().
struct Window {
  std::vector<std::uint32_t> weights;
  int size() const { return static_cast<int>(weights.size()); }
  // What one occurrence of a word can add to its row at most.
  std::uint64_t reach() const {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    return 2 * sum;
  }
};

}  // namespace fastqwem
