#include "training/stepper.h"

#include <algorithm>
#include <cmath>

namespace fastqwem {
namespace {

template <class T>
void ensure(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

void ensure(HugeBuffer<float>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer = HugeBuffer<float>(size + size / 2);
}

}  // namespace

Stepper::Stepper(const TrainingOptions& options, Model& model)
    : options_(options), model_(model), kernels_(block_kernels()), width_(model.input.stride()),
      cbow_(options.architecture == Architecture::cbow), damped_(options.objective == Objective::qwem) {}

PaddedMatrix& Stepper::outputs_of(const Block& block) {
  if (block.kind == Block::Outputs::nodes) return model_.nodes;
  return options_.tied ? model_.input : model_.output;
}

// Local copies of all rows, where their updates will go, and the scores.
void Stepper::gather(const Block& block) {
  PaddedMatrix& outputs = outputs_of(block);
  const int n_rows = block.n_rows, n_outputs = block.n_outputs;
  const auto width = static_cast<std::size_t>(width_);
  const std::size_t n_scores = static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_outputs);
  ensure(rows_, static_cast<std::size_t>(block.n_inputs) * width);
  ensure(outputs_, static_cast<std::size_t>(n_outputs) * width);
  ensure(scores_, rounded(n_scores));
  ensure(input_rows_, static_cast<std::size_t>(n_rows));
  ensure(output_rows_, static_cast<std::size_t>(n_outputs));
  kernels_.gather(model_.input.row(0), width_, block.inputs.data(), block.n_inputs, width_, rows_.data());
  kernels_.gather(outputs.row(0), width_, block.outputs.data(), n_outputs, width_, outputs_.data());
  for (int j = 0; j < n_outputs; ++j) output_rows_[j] = outputs.row(block.outputs[j]);
  if (cbow_) {
    gather_bags(block);
  } else {
    for (int i = 0; i < n_rows; ++i) input_rows_[i] = model_.input.row(block.inputs[i]);
  }
  kernels_.scores(cbow_ ? inputs_.data() : rows_.data(), n_rows, outputs_.data(), n_outputs, width_, scores_.data());
  std::fill(scores_.data() + n_scores, scores_.data() + rounded(n_scores), 0.0f);
}

// The mean or sum of each bag; updates of bags are collected before they go to the rows.
void Stepper::gather_bags(const Block& block) {
  const auto size = static_cast<std::size_t>(block.n_rows) * static_cast<std::size_t>(width_);
  ensure(inputs_, size);
  ensure(bag_change_, size);
  std::fill_n(bag_change_.data(), size, 0.0f);
  for (int t = 0; t < block.n_rows; ++t) {
    const Block::Bag bag = block.bags[t];
    const int n = bag.end - bag.begin;
    const float factor = options_.cbow_mean && n > 0 ? 1.0f / static_cast<float>(n) : 1.0f;
    kernels_.add_rows(rows_.data() + bag.begin * width_, n, width_, factor, inputs_.data() + t * width_);
    input_rows_[t] = bag_change_.data() + t * width_;
  }
}

// Whether a word may be among these twice; never wrong when it says no, which it mostly does at little cost.
bool Stepper::repeats(const WordId* words, int n) {
  std::uint64_t found = 0;
  for (int i = 0; i < n; ++i) {
    const auto word = static_cast<std::uint32_t>(words[i]);
    std::uint64_t& bits = present_[word / 64 % 64];
    found |= bits >> (word % 64);
    bits |= std::uint64_t{1} << (word % 64);
  }
  for (int i = 0; i < n; ++i) present_[static_cast<std::uint32_t>(words[i]) / 64 % 64] = 0;
  return found & 1;
}

// first_[i] = the first of the n words that is the same as words[i], by a small hash table.
void Stepper::find_first(const WordId* words, int n) {
  std::size_t size = 16;
  while (size < 2 * static_cast<std::size_t>(n)) size *= 2;
  seen_.assign(size, -1);
  first_.resize(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    std::size_t at = (static_cast<std::uint32_t>(words[i]) * 0x9E3779B9u >> 7) & (size - 1);
    while (seen_[at] >= 0 && words[seen_[at]] != words[i]) at = (at + 1) & (size - 1);
    if (seen_[at] < 0) seen_[at] = i;
    first_[i] = seen_[at];
  }
}

// Rows of one word share what they add up to: their updates meet in one row of the matrix.
void Stepper::share_mass(const WordId* words, int n, std::vector<float>& mass) {
  if (!repeats(words, n)) return;
  find_first(words, n);
  for (int i = 0; i < n; ++i) {
    if (first_[i] != i) mass[first_[i]] += mass[i];
  }
  for (int i = 0; i < n; ++i) mass[i] = mass[first_[i]];
}

// How often a word stands in a bag at most.
int Stepper::most_often(const WordId* words, int n) {
  if (n && !repeats(words, n)) return 1;
  find_first(words, n);
  times_.assign(static_cast<std::size_t>(n), 0);
  int most = 0;
  for (int i = 0; i < n; ++i) most = std::max(most, ++times_[first_[i]]);
  return most;
}

// The step rule of QWEM, whose gradient grows with the score and would blow up at rates that suit SGNS.
//
// With the other side fixed, the loss of a block in one word is quadratic, and the step of its row is
// w -> w - (alpha / 2) H w + alpha b with H = sum |weight| o o^T and b = sum weight o over its pairs in the block, in
// all the rows that are copies of it. Divided by 1 + alpha tr(H) (of what exact negatives add to H, the largest
// eigenvalue) it goes less than half the way to the minimum in every direction, at any rate, so that the loss of the
// block does not rise when one side steps; at small rates nothing changes. The windows of CBOW overlap, and a window's step goes to each of its words as often as it stands there: all
// bags of a block are divided by 1 + alpha (sum of their tr(H), each times the most that it holds of one word), which
// bounds the eigenvalues of their steps together in the same way.
//
// Both sides step at once, on a tied block maybe in the same row. Each takes less than half of the quadratic part away,
// so that what was in a row (in CBOW, in the rows of a block together) never grows; and as |b|^2 <= tr(H) sum |weight|,
// the step of one side adds at most sqrt(alpha sum |weight|) / 2 to the length of a row. So vectors grow by no more
// than a constant a block, whatever the rate and whatever they hold: never without bounds within a few blocks. That
// the loss falls while both sides step is true of small steps only. All this holds for any moments of a distribution,
// those of exact negatives that are out of date included.
void Stepper::damp(const Block& block, float alpha) {
  const int n_rows = block.n_rows, n_outputs = block.n_outputs;
  const float* const inputs = cbow_ ? inputs_.data() : rows_.data();
  const std::size_t rows_room = rounded(static_cast<std::size_t>(n_rows));
  const std::size_t outputs_room = rounded(static_cast<std::size_t>(n_outputs));
  for (std::vector<float>* const buffer : {&row_factor_, &input_square_}) ensure(*buffer, rows_room);
  for (std::vector<float>* const buffer : {&column_factor_, &output_square_}) ensure(*buffer, outputs_room);
  kernels_.squares(inputs, n_rows, width_, input_square_.data());
  kernels_.squares(outputs_.data(), n_outputs, width_, output_square_.data());
  kernels_.masses(block.weights.data(), n_rows, n_outputs, input_square_.data(), output_square_.data(),
                  row_factor_.data(), column_factor_.data());
  if (options_.exact_negatives) {
    const auto k = static_cast<float>(options_.negative);
    for (int i = 0; i < n_rows; ++i) row_factor_[i] += k * block.multiplicity[i] * model_.moments.output_norm;
    for (int j = 0; j < n_outputs; ++j) {
      column_factor_[j] += k * pairs_of(block, j) * model_.moments.ratio[block.outputs[j]] * model_.moments.input_norm;
    }
  }
  if (cbow_) {
    float all = 0;
    for (int t = 0; t < n_rows; ++t) {
      const Block::Bag bag = block.bags[t];
      all += row_factor_[t] * static_cast<float>(most_often(block.inputs.data() + bag.begin, bag.end - bag.begin));
    }
    std::fill_n(row_factor_.begin(), n_rows, all);
  } else {
    share_mass(block.inputs.data(), n_rows, row_factor_);
  }
  share_mass(block.outputs.data(), n_outputs, column_factor_);
  for (int i = 0; i < n_rows; ++i) row_factor_[i] = 1.0f / (1.0f + alpha * row_factor_[i]);
  for (int j = 0; j < n_outputs; ++j) column_factor_[j] = 1.0f / (1.0f + alpha * column_factor_[j]);
}

// Factors of the step that hold back the rows of some words; CBOW does so where bags are scattered.
void Stepper::lock(const Block& block) {
  if (!damped_) {
    row_factor_.assign(static_cast<std::size_t>(block.n_rows), 1.0f);
    column_factor_.assign(static_cast<std::size_t>(block.n_outputs), 1.0f);
  }
  for (int i = 0; i < block.n_rows; ++i) row_factor_[i] *= model_.locks[block.inputs[i]];
}

float Stepper::pairs_of(const Block& block, int center) const {
  float pairs = 0;
  for (int i = 0; i < block.n_rows; ++i) pairs += block.weights[static_cast<std::size_t>(i * block.n_outputs + center)];
  return pairs;
}

// Negatives in expectation, x_i -= alpha K m_i (mu + Sigma x_i / 2) and o_j -= alpha K n_j ratio_j (nu + Pi o_j / 2).
// Returns their loss, sum K m_i (mu . x_i + x_i . Sigma x_i / 4); with alpha 0 nothing changes.
double Stepper::exact_negatives(const Block& block, float alpha) {
  const int n_rows = block.n_rows, n_outputs = block.n_outputs;
  const Moments& m = model_.moments;
  const auto k = static_cast<float>(options_.negative);
  ensure(negative_part_, static_cast<std::size_t>(std::max(n_rows, n_outputs) * width_));
  kernels_.half_product(rows_.data(), n_rows, m.output_second.data(), m.output_mean.data(), width_,
                        negative_part_.data());
  double loss = 0;
  for (int i = 0; i < n_rows; ++i) {
    const float* const x = rows_.data() + i * width_;
    const float* const part = negative_part_.data() + i * width_;
    loss += static_cast<double>(0.5f * k * block.multiplicity[i] *
                                (kernels_.dot(x, part, width_) + kernels_.dot(x, m.output_mean.data(), width_)));
    if (alpha > 0) {
      kernels_.add_to_row(input_rows_[i], part, -alpha * k * block.multiplicity[i] * row_factor_[i], width_);
    }
  }
  if (!(alpha > 0)) return loss;
  kernels_.half_product(outputs_.data(), n_outputs, m.input_second.data(), m.input_mean.data(), width_,
                        negative_part_.data());
  for (int j = 0; j < n_outputs; ++j) {
    const float rate = alpha * k * pairs_of(block, j) * m.ratio[block.outputs[j]] * column_factor_[j];
    kernels_.add_to_row(output_rows_[j], negative_part_.data() + j * width_, -rate, width_);
  }
  return loss;
}

void Stepper::scatter_bags(const Block& block) {
  for (int t = 0; t < block.n_rows; ++t) {
    const Block::Bag bag = block.bags[t];
    const int n = bag.end - bag.begin;
    const float factor = options_.cbow_mean || n == 0 ? 1.0f : 1.0f / static_cast<float>(n);
    for (int i = bag.begin; i < bag.end; ++i) {
      const float lock = model_.locks.empty() ? 1.0f : model_.locks[block.inputs[i]];
      kernels_.add_to_row(model_.input.row(block.inputs[i]), input_rows_[t], lock * factor, width_);
    }
  }
}

void Stepper::note_prefetch(const Block& next, const KeptLine& line) {
  const PaddedMatrix& outputs = outputs_of(next);
  ensure(prefetch_, rounded(static_cast<std::size_t>(next.n_outputs + next.fresh_end - next.fresh_begin)));
  const float** to = prefetch_.data();
  for (int j = 0; j < next.n_outputs; ++j) *to++ = outputs.row(next.outputs[j]);
  for (int at = next.fresh_begin; at < next.fresh_end; ++at) *to++ = model_.input.row(line.words[at]);
  while ((to - prefetch_.data()) % BlockKernels::kPrefetches) {
    *to = to[-1];
    ++to;
  }
  n_prefetch_ = static_cast<int>(to - prefetch_.data());
}

// Scores become coefficients; returns the loss.
double Stepper::gradient(const Block& block, float alpha) {
  const auto kernel = damped_ ? kernels_.gradient_qwem : kernels_.gradient_sgns;
  return kernel(scores_.data(), block.weights.data(), block.n_rows * block.n_outputs, alpha);
}

double Stepper::train(const Block& block, float alpha, const Block* next, const KeptLine& line) {
  gather(block);
  double loss = gradient(block, alpha);
  if (damped_) damp(block, alpha);
  const bool locked = !model_.locks.empty() && !cbow_;
  if (locked) lock(block);
  const bool factors = damped_ || locked;
  n_prefetch_ = 0;
  if (next) note_prefetch(*next, line);
  kernels_.update({cbow_ ? inputs_.data() : rows_.data(), outputs_.data(), scores_.data(), input_rows_.data(),
                   output_rows_.data(), factors ? row_factor_.data() : nullptr,
                   factors ? column_factor_.data() : nullptr, block.n_rows, block.n_outputs, width_, prefetch_.data(),
                   n_prefetch_});
  if (cbow_) scatter_bags(block);
  if (options_.exact_negatives) loss += exact_negatives(block, alpha);
  return loss;
}

double Stepper::measure(const Block& block) {
  gather(block);
  const double loss = gradient(block, 0.0f);
  return options_.exact_negatives ? loss + exact_negatives(block, 0.0f) : loss;
}

}  // namespace fastqwem
