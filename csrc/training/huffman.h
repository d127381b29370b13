// The binary tree of hierarchical softmax (Morin and Bengio 2005; Mikolov et al. 2013): frequent words sit high.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace fastqwem {

struct HuffmanTree {
  // Path of word w: entries ends[w - 1] .. ends[w] (from 0), inner nodes from the root down and the branch taken.
  std::vector<Offset> ends;
  std::vector<WordId> points;        // rows of the node matrix, V - 1 of them
  std::vector<std::uint8_t> codes;

  Offset begin(WordId word) const { return word ? ends[word - 1] : 0; }
};

// From counts in any order; std::invalid_argument for fewer than two words.
HuffmanTree build_huffman(const std::int64_t* counts, WordId n_words);

}  // namespace fastqwem
