#include "training/stepper.h"

#include <algorithm>
#include <cmath>

namespace fastqwem {
namespace {

template <class T>
void ensure(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

std::size_t rounded(std::size_t n) { return (n + 15) / 16 * 16; }

}  // namespace

Stepper::Stepper(const TrainingOptions& options, Model& model)
    : options_(options), model_(model), kernels_(block_kernels()), width_(model.input.stride()),
      cbow_(options.architecture == Architecture::cbow), damped_(options.objective == Objective::qwem) {}

PaddedMatrix& Stepper::outputs_of(const Block& block) {
  if (block.kind == Block::Outputs::nodes) return model_.nodes;
  return options_.tied ? model_.input : model_.output;
}

// Local copies of all rows, and where their updates will go.
void Stepper::gather(const Block& block) {
  PaddedMatrix& outputs = outputs_of(block);
  const auto n_inputs = block.inputs.size();
  const auto n_rows = static_cast<std::size_t>(block.n_rows()), n_outputs = block.outputs.size();
  const auto width = static_cast<std::size_t>(width_);
  ensure(rows_, n_inputs * width);
  ensure(outputs_, n_outputs * width);
  ensure(scores_, rounded(n_rows * n_outputs));
  ensure(weights_, rounded(n_rows * n_outputs));
  ensure(input_rows_, n_rows);
  ensure(output_rows_, n_outputs);
  kernels_.gather(model_.input.row(0), width_, block.inputs.data(), static_cast<int>(n_inputs), width_, rows_.data());
  kernels_.gather(outputs.row(0), width_, block.outputs.data(), static_cast<int>(n_outputs), width_, outputs_.data());
  for (std::size_t j = 0; j < n_outputs; ++j) output_rows_[j] = outputs.row(block.outputs[j]);
  if (cbow_) {
    ensure(inputs_, n_rows * width);
    bag_change_.assign(n_rows * width, 0.0f);
    for (std::size_t t = 0; t < n_rows; ++t) {
      const Block::Bag bag = block.bags[t];
      const int n = bag.end - bag.begin;
      const float factor = options_.cbow_mean && n > 0 ? 1.0f / static_cast<float>(n) : 1.0f;
      kernels_.add_rows(rows_.data() + bag.begin * width_, n, width_, factor, inputs_.data() + t * width);
      input_rows_[t] = bag_change_.data() + t * width;
    }
  } else {
    for (std::size_t i = 0; i < n_rows; ++i) input_rows_[i] = model_.input.row(block.inputs[i]);
  }
  std::copy(block.weights.begin(), block.weights.end(), weights_.begin());
  std::fill(weights_.begin() + static_cast<std::ptrdiff_t>(n_rows * n_outputs),
            weights_.begin() + static_cast<std::ptrdiff_t>(rounded(n_rows * n_outputs)), 0.0f);
  const float* const inputs = cbow_ ? inputs_.data() : rows_.data();
  kernels_.scores(inputs, static_cast<int>(n_rows), outputs_.data(), static_cast<int>(n_outputs), width_,
                  scores_.data());
  std::fill(scores_.begin() + static_cast<std::ptrdiff_t>(n_rows * n_outputs),
            scores_.begin() + static_cast<std::ptrdiff_t>(rounded(n_rows * n_outputs)), 0.0f);
}

double Stepper::square(const float* row) const {
  float sum = 0;
  for (std::int64_t k = 0; k < width_; ++k) sum += row[k] * row[k];
  return static_cast<double>(sum);
}

// The step rule of QWEM, whose gradient grows with the score and would blow up at rates that suit SGNS. With the
// other side fixed, a row's step is w -> w - (alpha / 2) H w + ..., H = sum |weight| o o^T. Divided by
// 1 + alpha tr(H) it contracts at any rate, also when both sides step at once; at small rates nothing changes.
void Stepper::damp(const Block& block, float alpha) {
  const int n_rows = block.n_rows(), n_outputs = block.n_outputs();
  const float* const inputs = cbow_ ? inputs_.data() : rows_.data();
  row_factor_.assign(static_cast<std::size_t>(n_rows), 0.0f);
  column_factor_.assign(static_cast<std::size_t>(n_outputs), 0.0f);
  std::vector<float> output_square(static_cast<std::size_t>(n_outputs));
  for (int j = 0; j < n_outputs; ++j) output_square[j] = static_cast<float>(square(outputs_.data() + j * width_));
  for (int i = 0; i < n_rows; ++i) {
    const auto input_square = static_cast<float>(square(inputs + i * width_));
    for (int j = 0; j < n_outputs; ++j) {
      const float weight = std::fabs(block.weights[static_cast<std::size_t>(i * n_outputs + j)]);
      row_factor_[i] += weight * output_square[j];
      column_factor_[j] += weight * input_square;
    }
  }
  if (options_.exact_negatives) {
    const auto k = static_cast<float>(options_.negative);
    for (int i = 0; i < n_rows; ++i) row_factor_[i] += k * block.multiplicity[i] * model_.moments.output_trace;
    for (int j = 0; j < n_outputs; ++j) {
      float pairs = 0;
      for (int i = 0; i < n_rows; ++i) pairs += block.weights[static_cast<std::size_t>(i * n_outputs + j)];
      column_factor_[j] += k * pairs * model_.moments.ratio[block.outputs[j]] * model_.moments.input_trace;
    }
  }
  for (float& factor : row_factor_) factor = 1.0f / (1.0f + alpha * factor);
  for (float& factor : column_factor_) factor = 1.0f / (1.0f + alpha * factor);
}

// Positive pairs of exact negatives: alpha ((1 - x / 2) + K q (1 + x / 2)); the second part takes out of the
// expectation the negatives that are the centre itself, which sampling leaves out too. Returns the loss of the block
// with its negatives in expectation, but for the terms of the moments, which add_exact_negatives knows.
double Stepper::exact_gradient(const Block& block, float alpha) {
  const int n_rows = block.n_rows(), n_outputs = block.n_outputs();
  double loss = 0;
  for (int i = 0; i < n_rows; ++i) {
    for (int j = 0; j < n_outputs; ++j) {
      const auto at = static_cast<std::size_t>(i * n_outputs + j);
      const float x = scores_[at], weight = weights_[at];
      const float own = static_cast<float>(options_.negative) * model_.moments.noise[block.outputs[j]];
      scores_[at] = alpha * weight * ((1.0f - 0.5f * x) + own * (1.0f + 0.5f * x));
      loss += static_cast<double>(weight * ((0.25f * x * x - x) - own * (0.25f * x * x + x)));
    }
  }
  return loss;
}

// x_i -= alpha K m_i (mu + Sigma x_i / 2), o_j -= alpha K n_j ratio_j (nu + Pi o_j / 2).
void Stepper::add_exact_negatives(const Block& block, float alpha) {
  const int n_rows = block.n_rows(), n_outputs = block.n_outputs();
  const Moments& m = model_.moments;
  const float rate = alpha * static_cast<float>(options_.negative);
  ensure(negative_part_, static_cast<std::size_t>(std::max(n_rows, n_outputs) * width_));
  kernels_.half_product(rows_.data(), n_rows, m.output_second.data(), m.output_mean.data(), width_,
                        negative_part_.data());
  for (int i = 0; i < n_rows; ++i) {
    kernels_.add_to_row(input_rows_[i], negative_part_.data() + i * width_,
                        -rate * block.multiplicity[i] * row_factor_[i], width_);
  }
  kernels_.half_product(outputs_.data(), n_outputs, m.input_second.data(), m.input_mean.data(), width_,
                        negative_part_.data());
  for (int j = 0; j < n_outputs; ++j) {
    float pairs = 0;
    for (int i = 0; i < n_rows; ++i) pairs += block.weights[static_cast<std::size_t>(i * n_outputs + j)];
    kernels_.add_to_row(output_rows_[j], negative_part_.data() + j * width_,
                        -rate * pairs * m.ratio[block.outputs[j]] * column_factor_[j], width_);
  }
}

void Stepper::scatter_bags(const Block& block) {
  for (std::size_t t = 0; t < block.bags.size(); ++t) {
    const Block::Bag bag = block.bags[t];
    const int n = bag.end - bag.begin;
    const float factor = options_.cbow_mean || n == 0 ? 1.0f : 1.0f / static_cast<float>(n);
    for (int i = bag.begin; i < bag.end; ++i) {
      kernels_.add_to_row(model_.input.row(block.inputs[i]), input_rows_[t], factor, width_);
    }
  }
}

void Stepper::note_prefetch(const Block& next, const KeptLine& line) {
  prefetch_.clear();
  const PaddedMatrix& outputs = outputs_of(next);
  for (const WordId row : next.outputs) prefetch_.push_back(outputs.row(row));
  for (int at = next.fresh_begin; at < next.fresh_end; ++at) prefetch_.push_back(model_.input.row(line.words[at]));
}

double Stepper::train(const Block& block, float alpha, const Block* next, const KeptLine& line) {
  gather(block);
  const int n_rows = block.n_rows(), n_outputs = block.n_outputs();
  double loss = 0;
  if (options_.exact_negatives) {
    loss = exact_gradient(block, alpha);
  } else {
    const auto gradient = damped_ ? kernels_.gradient_qwem : kernels_.gradient_sgns;
    loss = gradient(scores_.data(), weights_.data(), n_rows * n_outputs, alpha);
  }
  if (damped_) damp(block, alpha);
  prefetch_.clear();
  if (next) note_prefetch(*next, line);
  kernels_.update({cbow_ ? inputs_.data() : rows_.data(), outputs_.data(), scores_.data(), input_rows_.data(),
                   output_rows_.data(), damped_ ? row_factor_.data() : nullptr,
                   damped_ ? column_factor_.data() : nullptr, n_rows, n_outputs, width_, prefetch_.data(),
                   static_cast<int>(prefetch_.size())});
  if (cbow_) scatter_bags(block);
  if (options_.exact_negatives) add_exact_negatives(block, alpha);
  return loss;
}

double Stepper::measure(const Block& block) {
  gather(block);
  const auto gradient = damped_ ? kernels_.gradient_qwem : kernels_.gradient_sgns;
  return gradient(scores_.data(), weights_.data(), block.n_rows() * block.n_outputs(), 0.0f);
}

}  // namespace fastqwem
