#include "training/block.h"

#include <algorithm>

namespace fastqwem {

BlockMaker::BlockMaker(const Sampler& sampler, const HuffmanTree& tree, Centers which)
    : sampler_(sampler), tree_(tree), options_(sampler.options()), which_(which),
      group_size_(which == Centers::trained && options_.negative > 0 ? options_.shared_negatives : 1) {}

void BlockMaker::begin(const KeptLine& line, std::uint32_t epoch_key) {
  line_ = &line;
  key_ = epoch_key;
  sentence_ = 0;
  center_ = line.sentences.empty() ? 0 : line.sentences[0].first_center;
  seen_to_ = 0;
  n_centers_ = 0;
  group_.clear();
  hs_done_ = 0;
  sampled_done_ = true;
}

// Collects the centres of the next block.
bool BlockMaker::next_group() {
  group_.clear();
  hs_done_ = 0;
  sampled_done_ = options_.negative == 0;
  while (sentence_ < line_->sentences.size()) {
    const KeptLine::Sentence& sentence = line_->sentences[sentence_];
    for (; center_ < sentence.last_center && static_cast<int>(group_.size()) < group_size_; ++center_) {
      const bool out = !line_->held_out.empty() && line_->held_out[center_];
      if (out == (which_ == Centers::held_out)) group_.push_back(center_);
    }
    if (center_ == sentence.last_center && group_.empty()) {
      if (++sentence_ < line_->sentences.size()) center_ = line_->sentences[sentence_].first_center;
      continue;
    }
    n_centers_ += static_cast<std::int64_t>(group_.size());
    return true;
  }
  return false;
}

// The window [low, high] of a centre, itself included; false if nothing else is in it.
bool BlockMaker::window(int center, int& low, int& high) const {
  const KeptLine::Sentence& sentence = line_->sentences[sentence_];
  const int radius = line_->radii[center];
  low = std::max(sentence.begin, center - radius);
  high = std::min(sentence.end - 1, center + radius);
  return low < high;
}

void BlockMaker::mark_fresh(Block& block, int to) {
  block.fresh_end = std::max(block.fresh_end, to);
  seen_to_ = std::max(seen_to_, to);
}

bool BlockMaker::next(Block& block) {
  for (;;) {
    if (!sampled_done_) {
      sampled_done_ = true;
      sampled(block);
      if (block.n_pairs) return true;
    }
    if (options_.hs && hs_done_ < group_.size()) {
      hierarchical(block, group_[hs_done_++]);
      if (block.n_pairs) return true;
      continue;
    }
    if (!next_group()) return false;
  }
}

// Inputs are the tokens that some window of the group holds, in order; `weights` gets room for T columns of positives
// and K of negatives, and its positives.
void BlockMaker::skipgram_inputs(Block& block) {
  int from = line_->sentences[sentence_].end, to = 0;
  for (const int center : group_) {
    int low, high;
    window(center, low, high);
    from = std::min(from, low);
    to = std::max(to, high + 1);
  }
  slot_.assign(static_cast<std::size_t>(to - from), 0);
  for (const int center : group_) {
    int low, high;
    window(center, low, high);
    for (int at = low; at <= high; ++at) slot_[at - from] += at != center;
  }
  for (int at = from; at < to; ++at) {
    const int times = slot_[at - from];
    if (times == 0) continue;
    slot_[at - from] = static_cast<int>(block.inputs.size());
    block.inputs.push_back(line_->words[at]);
    block.input_at.push_back(at);
    block.multiplicity.push_back(static_cast<float>(times));
    block.n_pairs += times;
  }
  mark_fresh(block, to);
  const std::size_t n_outputs = block.outputs.size();
  block.weights.assign(block.inputs.size() * n_outputs, 0.0f);
  for (std::size_t t = 0; t < group_.size(); ++t) {
    int low, high;
    window(group_[t], low, high);
    for (int at = low; at <= high; ++at) {
      if (at != group_[t]) block.weights[slot_[at - from] * n_outputs + t] = 1.0f;
    }
  }
}

// One row per centre, the bag of its window.
void BlockMaker::cbow_inputs(Block& block) {
  const std::size_t n_outputs = block.outputs.size();
  block.weights.assign(group_.size() * n_outputs, 0.0f);
  for (std::size_t t = 0; t < group_.size(); ++t) {
    int low, high;
    const int start = static_cast<int>(block.inputs.size());
    if (window(group_[t], low, high)) {
      for (int at = low; at <= high; ++at) {
        if (at == group_[t]) continue;
        block.inputs.push_back(line_->words[at]);
        block.input_at.push_back(at);
      }
      block.weights[t * n_outputs + t] = 1.0f;
      block.n_pairs += 1;
    }
    block.bags.push_back({start, static_cast<int>(block.inputs.size())});
    mark_fresh(block, high + 1);
  }
}

namespace {

void clear(Block& block, int seen_to) {
  block.fresh_begin = block.fresh_end = seen_to;
  block.inputs.clear();
  block.input_at.clear();
  block.bags.clear();
  block.outputs.clear();
  block.weights.clear();
  block.multiplicity.clear();
  block.n_pairs = 0;
}

}  // namespace

void BlockMaker::sampled(Block& block) {
  clear(block, seen_to_);
  block.kind = Block::Outputs::words;
  block.n_centers = static_cast<int>(group_.size());
  block.center_at = group_;
  for (const int center : group_) block.outputs.push_back(line_->words[center]);
  const int n_negatives = options_.exact_negatives ? 0 : options_.negative;
  for (int k = 0; k < n_negatives; ++k) {
    block.outputs.push_back(sampler_.negative(key_, line_->positions[group_[0]], k));
  }
  options_.architecture == Architecture::cbow ? cbow_inputs(block) : skipgram_inputs(block);
  // A negative that is the word itself teaches nothing: those pairs are left out, as word2vec does.
  const int n_centers = block.n_centers, n_outputs = block.n_outputs(), n_rows = block.n_rows();
  for (int k = n_centers; k < n_outputs; ++k) {
    const WordId word = block.outputs[k];
    for (int row = 0; row < n_rows; ++row) {
      float* const weights = block.weights.data() + row * n_outputs;
      float times = 0;
      for (int t = 0; t < n_centers; ++t) times += block.outputs[t] == word ? 0.0f : weights[t];
      weights[k] = -times;
    }
  }
}

// The window of one centre against the inner nodes on its path.
void BlockMaker::hierarchical(Block& block, int center) {
  clear(block, seen_to_);
  block.kind = Block::Outputs::nodes;
  block.n_centers = 1;
  block.center_at.assign(1, center);
  int low, high;
  if (!window(center, low, high)) return;
  const WordId word = line_->words[center];
  const Offset begin = tree_.begin(word), end = tree_.ends[word];
  block.outputs.assign(tree_.points.begin() + begin, tree_.points.begin() + end);
  for (int at = low; at <= high; ++at) {
    if (at == center) continue;
    block.inputs.push_back(line_->words[at]);
    block.input_at.push_back(at);
  }
  mark_fresh(block, high + 1);
  const bool cbow = options_.architecture == Architecture::cbow;
  if (cbow) block.bags.push_back({0, static_cast<int>(block.inputs.size())});
  block.n_pairs = cbow ? 1 : static_cast<std::int64_t>(block.inputs.size());
  const auto n_rows = static_cast<std::size_t>(block.n_rows()), n_outputs = block.outputs.size();
  block.weights.resize(n_rows * n_outputs);
  for (std::size_t row = 0; row < n_rows; ++row) {
    for (std::size_t j = 0; j < n_outputs; ++j) {
      block.weights[row * n_outputs + j] = tree_.codes[begin + static_cast<Offset>(j)] ? -1.0f : 1.0f;
    }
  }
}

}  // namespace fastqwem
