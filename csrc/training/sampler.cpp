#include "training/sampler.h"

#include <algorithm>

namespace fastqwem {
namespace {

constexpr std::uint32_t kHeldOutStream = 0xFFFFFFFFu;
constexpr std::uint32_t kHeldOutDraw = 65535;
constexpr int kLanes = 64;  // draws made side by side

// Draw 0 of kLanes positions from `first` on, which must not cross a multiple of 2^32; the loops are there for the
// compiler to vectorise.
void draw_many(std::uint32_t key, Offset first, std::uint32_t* x0, std::uint32_t* x1) {
  const auto low = static_cast<std::uint32_t>(first);
  const auto high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(first) >> 32);
  for (int i = 0; i < kLanes; ++i) {
    x0[i] = low + static_cast<std::uint32_t>(i);
    x1[i] = high;
  }
  for (int round = 0; round < kPhiloxRounds; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t product = std::uint64_t{kPhiloxMultiplier} * x0[i];
      x0[i] = static_cast<std::uint32_t>(product >> 32) ^ key ^ x1[i];
      x1[i] = static_cast<std::uint32_t>(product);
    }
    key += kPhiloxWeyl;
  }
}

}  // namespace

void KeptLine::clear() {
  words.clear();
  positions.clear();
  radii.clear();
  held_out.clear();
  sentences.clear();
}

Sampler::Sampler(const TrainingOptions& options, const std::uint32_t* keep, const double* noise)
    : options_(options), keep_(keep, keep + options.vocab_size) {
  if (options.negative > 0) noise_ = AliasTable(std::vector<double>(noise, noise + options.vocab_size));
}

bool Sampler::take(const TokenStream& tokens, std::uint32_t key, Offset position, KeptLine& line) const {
  const WordId word = tokens.ids[position];
  const Bits bits = draw_bits(key, position, 0);
  if (bits.first > keep_[word]) return false;
  line.words.push_back(word);
  line.positions.push_back(position);
  line.radii.push_back(radius(bits.second));
  return true;
}

// The kept tokens of [lowest, from), nearest first until there are `window`, then turned round.
void Sampler::take_before(const TokenStream& tokens, std::uint32_t key, Offset from, Offset lowest,
                          KeptLine& line) const {
  int found = 0;
  for (Offset at = from - 1; at >= lowest && found < options_.window; --at) found += take(tokens, key, at, line);
  std::reverse(line.words.begin(), line.words.end());
  std::reverse(line.positions.begin(), line.positions.end());
  std::reverse(line.radii.begin(), line.radii.end());
}

void Sampler::take_range(const TokenStream& tokens, std::uint32_t key, Offset from, Offset to, KeptLine& line) const {
  std::uint32_t x0[kLanes], x1[kLanes];
  std::size_t n = line.words.size();
  const std::size_t most = n + static_cast<std::size_t>(to - from);
  line.words.resize(most);
  line.positions.resize(most);
  line.radii.resize(most);
  for (Offset start = from; start < to; start += kLanes) {
    draw_many(key, start, x0, x1);
    const auto here = static_cast<int>(std::min<Offset>(kLanes, to - start));
    for (int i = 0; i < here; ++i) {
      const WordId word = tokens.ids[start + i];
      line.words[n] = word;
      line.positions[n] = start + i;
      line.radii[n] = radius(x1[i]);
      n += x0[i] <= keep_[word];
    }
  }
  line.words.resize(n);
  line.positions.resize(n);
  line.radii.resize(n);
}

void Sampler::fill(const TokenStream& tokens, std::uint32_t key, Offset chunk, KeptLine& line) const {
  line.clear();
  const Offset begin = chunk * kTrainingChunk, end = std::min(begin + kTrainingChunk, tokens.n_tokens);
  if (begin >= end) return;
  const Offset* const stop = tokens.offsets + tokens.n_sentences + 1;
  // the last sentence that begins at or before the chunk (empty ones share their beginning with the next)
  Offset sentence = std::upper_bound(tokens.offsets, stop, begin) - tokens.offsets - 1;
  take_before(tokens, key, begin, tokens.offsets[sentence], line);
  const auto inside = line.words.size();
  take_range(tokens, key, begin, end, line);
  std::size_t at = inside, start = 0;
  for (; sentence < tokens.n_sentences && tokens.offsets[sentence] < end; ++sentence) {
    const Offset sentence_end = tokens.offsets[sentence + 1];
    const std::size_t first = at;
    while (at < line.words.size() && line.positions[at] < sentence_end) ++at;
    KeptLine::Sentence piece{static_cast<int>(start), static_cast<int>(at), static_cast<int>(first),
                             static_cast<int>(at)};
    if (sentence_end > end) {  // the last one: its continuation outside the chunk
      int found = 0;
      for (Offset p = end; p < sentence_end && found < options_.window; ++p) found += take(tokens, key, p, line);
      piece.end = static_cast<int>(line.words.size());
    }
    if (piece.last_center > piece.first_center) line.sentences.push_back(piece);
    start = at;
  }
  if (options_.held_out) {
    const std::uint32_t stream = stream_key(options_.seed, kHeldOutStream);
    line.held_out.resize(line.words.size());
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      line.held_out[i] = draw_bits(stream, line.positions[i], kHeldOutDraw).first < options_.held_out;
    }
  }
}

}  // namespace fastqwem
