#include "training/block.h"

#include <algorithm>

namespace fastqwem {
namespace {

template <class T>
void ensure(std::vector<T>& storage, int size) {
  if (storage.size() < static_cast<std::size_t>(size)) storage.resize(static_cast<std::size_t>(size) * 2);
}

constexpr std::size_t kSpare = 16;  // floats that kernels may read after the weights

}  // namespace

void Block::begin(Outputs outputs_kind, bool bags_are_rows, const std::vector<int>& centers, int most_inputs,
                  int n_output_rows) {
  kind = outputs_kind;
  bags_of_inputs = bags_are_rows;
  n_centers = static_cast<int>(centers.size());
  n_inputs = n_rows = 0;
  n_outputs = n_output_rows;
  n_pairs = 0;
  ensure(center_at, n_centers);
  std::copy(centers.begin(), centers.end(), center_at.begin());
  ensure(inputs, most_inputs);
  ensure(input_at, most_inputs);
  ensure(multiplicity, most_inputs);
  ensure(outputs, n_outputs);
  if (bags_of_inputs) ensure(bags, n_centers);
}

void Block::need_weights(std::size_t size) {
  size = rounded(size) + kSpare;
  if (weights.size() < size) weights = HugeBuffer<float>(2 * size);
}

void Block::end_weights() {
  const std::size_t size = static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_outputs);
  std::fill(weights.data() + size, weights.data() + rounded(size) + kSpare, 0.0f);
}

void Block::clear_weights() {
  const std::size_t size = static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_outputs);
  need_weights(size);
  std::fill_n(weights.data(), size, 0.0f);
  end_weights();
}

BlockMaker::BlockMaker(const Sampler& sampler, const HuffmanTree& tree, Centers which)
    : sampler_(sampler), tree_(tree), options_(sampler.options()), which_(which), kernels_(block_kernels()),
      group_size_(which == Centers::trained && options_.negative > 0 ? options_.shared_negatives : 1),
      draws_(draws_per_negative(group_size_)),
      n_negatives_(options_.exact_negatives ? 0 : options_.negative * draws_) {}

void BlockMaker::begin(const KeptLine& line, std::uint32_t epoch_key) {
  line_ = &line;
  key_ = epoch_key;
  sentence_ = 0;
  center_ = line.sentences.empty() ? 0 : line.sentences[0].first_center;
  seen_to_ = 0;
  n_centers_ = 0;
  group_.centers.clear();
  hs_done_ = 0;
  sampled_done_ = true;
  more_ = collect(following_);
}

// Finds the centres of the block after the next, makes the bits of their negatives, and fetches the columns of the
// alias table that these will look at.
bool BlockMaker::collect(Group& group) {
  group.centers.clear();
  const auto& sentences = line_->sentences;
  while (sentence_ < sentences.size()) {
    const int last = sentences[sentence_].last_center;
    if (line_->held_out.empty()) {
      const int end = which_ == Centers::trained ? std::min(last, center_ + group_size_) : center_;
      for (; center_ < end; ++center_) group.centers.push_back(center_);
      if (which_ == Centers::held_out) center_ = last;
    } else {
      for (; center_ < last && static_cast<int>(group.centers.size()) < group_size_; ++center_) {
        if ((line_->held_out[center_] != 0) == (which_ == Centers::held_out)) group.centers.push_back(center_);
      }
    }
    if (group.centers.empty()) {
      if (++sentence_ < sentences.size()) center_ = sentences[sentence_].first_center;
      continue;
    }
    group.sentence = sentence_;
    if (n_negatives_) draw_negatives(group);
    return true;
  }
  return false;
}

void BlockMaker::draw_negatives(Group& group) const {
  const AliasTable& noise = sampler_.noise();
  const int room = static_cast<int>(rounded(static_cast<std::size_t>(n_negatives_)));
  ensure(group.columns, room);
  ensure(group.bits, room);
  kernels_.draw_negatives(key_, line_->positions[group.centers[0]], noise.size(), n_negatives_, group.columns.data(),
                          group.bits.data());
  for (int k = 0; k < n_negatives_; ++k) noise.prefetch(group.columns[k]);
}

bool BlockMaker::advance() {
  if (!more_) return false;
  std::swap(group_, following_);
  more_ = collect(following_);
  hs_done_ = 0;
  sampled_done_ = options_.negative == 0;
  n_centers_ += static_cast<std::int64_t>(group_.centers.size());
  windows();
  return true;
}

bool BlockMaker::next(Block& block) {
  for (;;) {
    if (!sampled_done_) {
      sampled_done_ = true;
      sampled(block);
      if (block.n_pairs) return true;
    }
    if (options_.hs && hs_done_ < group_.centers.size()) {
      hierarchical(block, static_cast<int>(hs_done_++));
      if (block.n_pairs) return true;
      continue;
    }
    if (!advance()) return false;
  }
}

// The window of each centre of the group, itself included.
void BlockMaker::windows() {
  const auto n = static_cast<int>(group_.centers.size());
  const KeptLine::Sentence& sentence = line_->sentences[group_.sentence];
  ensure(low_, n);
  ensure(high_, n);
  for (int t = 0; t < n; ++t) {
    const int center = group_.centers[t], radius = line_->radii[center];
    low_[t] = std::max(sentence.begin, center - radius);
    high_[t] = std::min(sentence.end - 1, center + radius);
  }
}

void BlockMaker::mark_fresh(Block& block, int to) {
  block.fresh_begin = seen_to_;
  seen_to_ = block.fresh_end = std::max(seen_to_, to);
}

// Inputs are the tokens of [from, to) that some window of the group holds, in order. Each one's row of weights is
// filled with what negatives weigh, beyond its end too, before the centres get theirs; without branches, so that a
// token that is in no window is just overwritten by the next.
template <int kCenters>
void BlockMaker::skipgram_inputs(Block& block, int from, int to) {
  constexpr int kStep = 4;
  const int n_centers = kCenters ? kCenters : block.n_centers, n_outputs = block.n_outputs;
  block.need_weights(static_cast<std::size_t>((to - from) * n_outputs + kStep));
  const float each = 1.0f / static_cast<float>(draws_);
  const int *const low = low_.data(), *const high = high_.data(), *const centers = block.center_at.data();
  const auto holds = [&](int t, int at) { return (low[t] <= at) & (at <= high[t]) & (at != centers[t]); };
  const WordId* const words = line_->words.data();
  WordId* const inputs = block.inputs.data();
  int* const input_at = block.input_at.data();
  float *const multiplicity = block.multiplicity.data(), *here = block.weights.data();
  int n = 0, n_pairs = 0;
  for (int at = from; at < to; ++at) {
    int times = 0;
    for (int t = 0; t < n_centers; ++t) times += holds(t, at);
    const auto pairs = static_cast<float>(times);
    for (int k = 0; k < n_outputs; k += kStep) std::fill_n(here + k, kStep, -each * pairs);
    for (int t = 0; t < n_centers; ++t) here[t] = static_cast<float>(holds(t, at));
    inputs[n] = words[at];
    input_at[n] = at;
    multiplicity[n] = pairs;
    n_pairs += times;
    n += times > 0;
    here += times > 0 ? n_outputs : 0;
  }
  block.n_inputs = block.n_rows = n;
  block.n_pairs = n_pairs;
  block.end_weights();
}

// The words of one window, without its centre, as further inputs.
void BlockMaker::append_window(Block& block, int t) const {
  for (int at = low_[t]; at <= high_[t]; ++at) {
    if (at == group_.centers[t]) continue;
    block.inputs[block.n_inputs] = line_->words[at];
    block.input_at[block.n_inputs++] = at;
  }
}

// One row per centre, the bag of its window.
void BlockMaker::cbow_inputs(Block& block) {
  block.n_rows = block.n_centers;
  block.clear_weights();
  for (int t = 0; t < block.n_centers; ++t) {
    const int start = block.n_inputs;
    append_window(block, t);
    block.bags[t] = {start, block.n_inputs};
    if (block.n_inputs > start) {
      block.weights[static_cast<std::size_t>(t * block.n_outputs + t)] = 1.0f;
      block.n_pairs += 1;
    }
  }
}

// A negative counts against every positive pair of its row.
void BlockMaker::weigh_negatives_of_bags(Block& block) const {
  const int n_outputs = block.n_outputs;
  const float each = 1.0f / static_cast<float>(draws_);
  for (int row = 0; row < block.n_rows; ++row) {
    float* const here = block.weights.data() + row * n_outputs;
    const float weight = -each * here[row];
    std::fill(here + block.n_centers, here + n_outputs, weight);
  }
}

// Except for those of the word itself: they would teach nothing and are left out, as word2vec does.
void BlockMaker::spare_centers(Block& block) const {
  const int n_centers = block.n_centers, n_outputs = block.n_outputs;
  const WordId* const outputs = block.outputs.data();
  float* const weights = block.weights.data();
  const float each = 1.0f / static_cast<float>(draws_);
  for (int t = 0; t < n_centers; ++t) {
    int same = 0;
    for (int k = n_centers; k < n_outputs; ++k) same += outputs[k] == outputs[t];
    for (int k = n_centers; same && k < n_outputs; ++k) {
      if (outputs[k] != outputs[t]) continue;
      for (int row = 0; row < block.n_rows; ++row) weights[row * n_outputs + k] += each * weights[row * n_outputs + t];
    }
  }
}

void BlockMaker::sampled(Block& block) {
  const auto n_centers = static_cast<int>(group_.centers.size());
  const bool cbow = options_.architecture == Architecture::cbow;
  const int from = *std::min_element(low_.begin(), low_.begin() + n_centers);
  const int to = *std::max_element(high_.begin(), high_.begin() + n_centers) + 1;
  int most = to - from;
  if (cbow) {
    most = 0;
    for (int t = 0; t < n_centers; ++t) most += high_[t] - low_[t];
  }
  block.begin(Block::Outputs::words, cbow, group_.centers, most, n_centers + n_negatives_);
  mark_fresh(block, to);
  for (int t = 0; t < n_centers; ++t) block.outputs[t] = line_->words[group_.centers[t]];
  const AliasTable& noise = sampler_.noise();
  for (int k = 0; k < n_negatives_; ++k) {
    block.outputs[n_centers + k] = noise.draw(group_.columns[k], group_.bits[k]);
  }
  if (cbow) {
    cbow_inputs(block);
    weigh_negatives_of_bags(block);
  } else if (n_centers == 2) {  // by default: the compiler knows its loops
    skipgram_inputs<2>(block, from, to);
  } else {
    skipgram_inputs<0>(block, from, to);
  }
  spare_centers(block);
}

// The window of one centre against the inner nodes on its path.
void BlockMaker::hierarchical(Block& block, int which) {
  const int center = group_.centers[which], low = low_[which], high = high_[which];
  const WordId word = line_->words[center];
  const Offset begin = tree_.begin(word), end = tree_.ends[word];
  const bool cbow = options_.architecture == Architecture::cbow;
  block.begin(Block::Outputs::nodes, cbow, {center}, high - low, static_cast<int>(end - begin));
  mark_fresh(block, high + 1);
  if (low == high) return;
  std::copy(tree_.points.begin() + begin, tree_.points.begin() + end, block.outputs.begin());
  append_window(block, which);
  if (cbow) block.bags[0] = {0, block.n_inputs};
  block.n_rows = cbow ? 1 : block.n_inputs;
  block.n_pairs = block.n_rows;
  block.clear_weights();
  float* to = block.weights.data();
  for (int row = 0; row < block.n_rows; ++row) {
    for (Offset at = begin; at < end; ++at) *to++ = tree_.codes[at] ? -1.0f : 1.0f;
  }
}

}  // namespace fastqwem
