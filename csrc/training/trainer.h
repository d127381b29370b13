// Training by stochastic gradient descent: chunks of the corpus, in order, to whoever is free.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/control.h"
#include "training/stepper.h"

namespace fastqwem {

class Trainer {
 public:
  Trainer(const TrainingOptions& options, const std::uint32_t* keep, const double* noise, const std::int64_t* counts);

  // Chunks [first, last) of one epoch, chunk first + i at rate alphas[i]. When the caller asks it to stop, every
  // chunk that was begun is finished and Stopped is thrown; next_chunk() says how far it got.
  void train(const TokenStream& tokens, std::uint32_t epoch, Offset first, Offset last, const float* alphas,
             int n_workers, Control& control);
  // Loss and pairs of the held-out centres, vectors unchanged.
  Totals measure_held_out(const TokenStream& tokens, std::uint32_t epoch, int n_workers, Control& control);

  Offset next_chunk() const { return next_chunk_; }
  // A chunk's loss was not finite or beyond reason; training has stopped there.
  bool diverged() const { return diverged_; }
  Totals totals() const;
  void reset_totals();
  Model& model() { return model_; }
  const TrainingOptions& options() const { return options_; }
  const Sampler& sampler() const { return sampler_; }
  const HuffmanTree& tree() const { return tree_; }
  // A tree made elsewhere instead of the one of the counts; the caller has checked that it fits.
  void set_tree(HuffmanTree tree) { tree_ = std::move(tree); }

 private:
  struct Worker;
  Totals run_chunk(Worker& worker, const TokenStream& tokens, std::uint32_t key, Offset chunk, float alpha);
  void add(const Totals& totals);

  TrainingOptions options_;
  Sampler sampler_;
  HuffmanTree tree_;
  Model model_;
  mutable std::mutex mutex_;
  Totals totals_;
  Offset next_chunk_ = 0;
  std::atomic<bool> diverged_{false};
};

}  // namespace fastqwem
