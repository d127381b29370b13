// What the random numbers decide, and nothing else: which tokens are kept, how far windows reach, which words are
// negatives, which positions are held out. All of it is a function of (seed, epoch, position, draw).
#pragma once

#include <cstdint>
#include <vector>

#include "core/alias_table.h"
#include "core/counter_random.h"
#include "training/options.h"

namespace fastqwem {

struct TokenStream {
  const WordId* ids;
  const Offset* offsets;  // n_sentences + 1
  Offset n_tokens, n_sentences;
};

// The kept tokens around one chunk of positions. Windows reach over the ends of the chunk, so the first and the last
// sentence bring along up to `window` kept tokens from outside.
struct KeptLine {
  struct Sentence {
    int begin, end;              // its part of the line
    int first_center, last_center;  // those inside the chunk: [first_center, last_center)
  };
  std::vector<WordId> words;
  std::vector<Offset> positions;
  std::vector<std::int32_t> radii;
  std::vector<std::uint8_t> held_out;  // empty if nothing is
  std::vector<Sentence> sentences;

  void clear();
};

class Sampler {
 public:
  // `keep` holds V thresholds of 2^32 (a token stays if its bits are not above), `noise` V weights.
  Sampler(const TrainingOptions& options, const std::uint32_t* keep, const double* noise);

  void fill(const TokenStream& tokens, std::uint32_t epoch_key, Offset chunk, KeptLine& line) const;
  std::uint32_t epoch_key(std::uint32_t epoch) const { return stream_key(options_.seed, epoch); }
  const AliasTable& noise() const { return noise_; }
  const TrainingOptions& options() const { return options_; }

 private:
  // Appends the token if it is kept.
  bool take(const TokenStream& tokens, std::uint32_t key, Offset position, KeptLine& line) const;
  void take_before(const TokenStream& tokens, std::uint32_t key, Offset from, Offset lowest, KeptLine& line) const;
  void take_range(const TokenStream& tokens, std::uint32_t key, Offset from, Offset to, KeptLine& line) const;
  std::int32_t radius(std::uint32_t bits) const {
    const auto window = static_cast<std::uint32_t>(options_.window);
    return static_cast<std::int32_t>(options_.shrink_windows ? 1 + scaled(bits, window) : window);
  }

  TrainingOptions options_;
  std::vector<std::uint32_t> keep_;
  AliasTable noise_;
};

}  // namespace fastqwem
