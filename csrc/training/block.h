// A block: the smallest piece of training. Some input rows, some output rows, and for every (input, output) how often
// and with which sign the pair occurs in it. Skip-gram, CBOW, negative sampling and hierarchical softmax all become
// blocks, so one set of kernels trains them all.
#pragma once

#include <cstdint>
#include <vector>

#include "core/huge_buffer.h"
#include "training/block_kernels.h"
#include "training/huffman.h"
#include "training/sampler.h"

namespace fastqwem {

struct Block {
  enum class Outputs { words, nodes };

  // One window of CBOW: the context words are entries [begin, end) of `inputs`.
  struct Bag {
    int begin, end;
  };

  Outputs kind = Outputs::words;
  bool bags_of_inputs = false;         // CBOW: a row of `weights` is a bag; else it is an input
  int n_centers = 0, n_inputs = 0, n_rows = 0, n_outputs = 0;
  std::int64_t n_pairs = 0;            // positive pairs, what the mean loss is per
  int fresh_begin = 0, fresh_end = 0;  // the part of the line that no earlier block has touched: rows to prefetch
  // Storage only grows, so that a block costs no allocation; the counts above say what is in use.
  std::vector<int> center_at;        // n_centers: where in the line they stand
  std::vector<WordId> inputs;        // n_inputs: rows of the input matrix
  std::vector<int> input_at;         // n_inputs: where in the line they stand
  std::vector<Bag> bags;             // n_rows, CBOW only
  std::vector<WordId> outputs;       // n_outputs: rows of the output (or node) matrix; the centres come first
  HugeBuffer<float> weights;         // n_rows x n_outputs: > 0 times a positive pair, < 0 times a negative one; then
                                     // zeros up to a multiple of 16, and 16 more
  std::vector<float> multiplicity;   // n_inputs: pairs of each input (skip-gram)

  void begin(Outputs outputs_kind, bool bags, const std::vector<int>& centers, int most_inputs, int n_output_rows);
  // Room for so many weights and the zeros after them.
  void need_weights(std::size_t size);
  // The zeros after n_rows x n_outputs weights.
  void end_weights();
  // Room for n_rows x n_outputs weights, all zero.
  void clear_weights();
};

// Turns a line of kept tokens into blocks, in order.
//
// Up to `shared_negatives` consecutive centres of one sentence and chunk make a block. They share K s negatives of
// weight 1 / s, s = draws_per_negative, drawn at the position of the first; so each row is read and written once for
// all of them, and an input that stands in m of the windows meets each negative once, with weight m / s. Sharing within
// one window is pWord2Vec's idea (Ji et al. 2016), over several windows pSGNScc's (Rengasamy et al. 2017).
class BlockMaker {
 public:
  enum class Centers { trained, held_out };

  BlockMaker(const Sampler& sampler, const HuffmanTree& tree, Centers which);
  void begin(const KeptLine& line, std::uint32_t epoch_key);
  // Fills the next block; false when the line is used up. Blocks without a pair are passed over.
  bool next(Block& block);
  // Centres passed since `begin`, those without context included.
  std::int64_t n_centers() const { return n_centers_; }

 private:
  // Centres that make a block together, and what draws their negatives: columns of the alias table and bits.
  struct Group {
    std::size_t sentence = 0;
    std::vector<int> centers;
    std::vector<std::uint64_t> columns, bits;
  };

  bool collect(Group& group);
  void draw_negatives(Group& group) const;
  bool advance();
  void sampled(Block& block);
  void hierarchical(Block& block, int which);
  template <int kCenters>
  void skipgram_inputs(Block& block, int from, int to);
  void cbow_inputs(Block& block);
  void append_window(Block& block, int t) const;
  void weigh_negatives_of_bags(Block& block) const;
  void spare_centers(Block& block) const;
  void mark_fresh(Block& block, int to);
  void windows();

  const Sampler& sampler_;
  const HuffmanTree& tree_;
  const TrainingOptions& options_;
  const Centers which_;
  const BlockKernels& kernels_;
  const int group_size_, draws_, n_negatives_;
  const KeptLine* line_ = nullptr;
  std::uint32_t key_ = 0;
  std::size_t sentence_ = 0;    // where `collect` is
  int center_ = 0;              // next candidate in the line
  int seen_to_ = 0;             // inputs before this were in an earlier block
  Group group_, following_;     // the present one and the next, whose alias columns are on their way
  bool more_ = false;           // `following_` holds centres
  std::size_t hs_done_ = 0;     // how many centres of the group have had their hierarchical block
  bool sampled_done_ = true;
  std::vector<int> low_, high_;  // scratch: window of each centre
  std::int64_t n_centers_ = 0;
};

}  // namespace fastqwem
