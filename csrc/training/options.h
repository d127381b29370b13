// What is trained and how; judged in Python before it gets here.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace fastqwem {

enum class Objective { sgns, qwem };
enum class Architecture { skipgram, cbow };

// Negatives that a block draws for each one that it counts. A block of several centres shares its negatives among
// more pairs, and fewer different ones cost quality; two of half the weight make up for it.
inline int draws_per_negative(int shared_negatives) { return shared_negatives > 1 ? 2 : 1; }

constexpr Offset kTrainingChunk = 8192;  // positions that are one piece of work; see BlockMaker

struct TrainingOptions {
  Objective objective = Objective::sgns;
  Architecture architecture = Architecture::skipgram;
  WordId vocab_size = 0;
  int vector_size = 0;
  int window = 5;
  int negative = 5;
  int shared_negatives = 1;  // centres that share their negatives: the size of a block
  bool shrink_windows = true;
  bool cbow_mean = true;
  bool tied = false;
  bool hs = false;
  bool exact_negatives = false;
  std::uint32_t held_out = 0;  // of 2^32: share of positions that are measured instead of trained
  std::uint64_t seed = 0;
};

}  // namespace fastqwem
