// Where each word occurs: the inverted index of a stretch of the corpus.
#pragma once

#include <cstdint>

#include "core/control.h"
#include "core/huge_buffer.h"
#include "counts/corpus_view.h"

namespace fastqwem {

// One occurrence: its position relative to the stretch, and how far its window reaches on either side before
// the sentence ends. Eight bytes, so the window is at most 65,535 and a stretch at most 2^32 tokens.
struct Occurrence {
  std::uint32_t position;
  std::uint16_t left;
  std::uint16_t right;
};

inline constexpr Offset kMaxStretch = Offset{1} << 31;
inline constexpr int kMaxWindow = 65535;

// Occurrences of word w in ids[first, last) are occurrences[starts[w]] .. [starts[w + 1]], in text order.
// Built by a counting sort, every worker one part of the stretch; 8 bytes a token + 8 * vocab_size * workers.
struct PositionIndex {
  HugeBuffer<Occurrence> occurrences;
  HugeBuffer<Offset> starts;
  Offset first = 0;
};

PositionIndex build_index(const CorpusView& corpus, int window, Offset first, Offset last, int n_workers,
                          Control& control);

}  // namespace fastqwem
