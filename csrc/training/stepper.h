// One worker's scratch memory and the step of one block: gather rows, score, gradient, update.
#pragma once

#include <vector>

#include "training/block.h"
#include "training/block_kernels.h"
#include "training/padded_matrix.h"

namespace fastqwem {

// First and second moments of both sides, for exact negatives: with q the noise distribution, o the output rows,
// p the share of kept tokens and x the input rows, mean and second moment of o under q and of x under p. Padded.
struct Moments {
  std::vector<float> output_mean, output_second, input_mean, input_second;
  float output_norm = 0, input_norm = 0;
  std::vector<float> ratio;  // q / p of each word
};

struct Model {
  PaddedMatrix input, output, nodes;
  Moments moments;
  std::vector<float> locks;  // what the updates of each input row are multiplied by; empty: ones
};

struct Totals {
  double loss = 0;
  std::int64_t pairs = 0;
  std::int64_t words = 0;  // centres
};

class Stepper {
 public:
  Stepper(const TrainingOptions& options, Model& model);

  // Trains on a block and returns its loss; `next` (may be null) is what comes after, for prefetching.
  double train(const Block& block, float alpha, const Block* next, const KeptLine& line);
  // The loss alone.
  double measure(const Block& block);

 private:
  PaddedMatrix& outputs_of(const Block& block);
  void gather(const Block& block);
  void gather_bags(const Block& block);
  void damp(const Block& block, float alpha);
  void lock(const Block& block);
  void scatter_bags(const Block& block);
  void note_prefetch(const Block& next, const KeptLine& line);
  double gradient(const Block& block, float alpha);
  double exact_negatives(const Block& block, float alpha);
  float pairs_of(const Block& block, int center) const;
  bool repeats(const WordId* words, int n);
  void find_first(const WordId* words, int n);
  void share_mass(const WordId* words, int n, std::vector<float>& mass);
  int most_often(const WordId* words, int n);

  const TrainingOptions& options_;
  Model& model_;
  const BlockKernels& kernels_;
  const std::int64_t width_;
  const bool cbow_, damped_;
  // Rows begin on cache lines here too: a register that straddles two costs two reads.
  HugeBuffer<float> rows_, inputs_, outputs_, scores_, bag_change_, negative_part_;
  std::vector<float> row_factor_, column_factor_, input_square_, output_square_;
  std::uint64_t present_[64] = {};  // a bit for each word modulo 4096
  std::vector<int> first_, seen_, times_;
  std::vector<float*> input_rows_, output_rows_;
  std::vector<const float*> prefetch_;
  int n_prefetch_ = 0;
};

}  // namespace fastqwem
