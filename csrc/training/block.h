// A block: the smallest piece of training. Some input rows, some output rows, and for every (input, output) how often
// and with which sign the pair occurs in it. Skip-gram, CBOW, negative sampling and hierarchical softmax all become
// blocks, so one set of kernels trains them all.
#pragma once

#include <cstdint>
#include <vector>

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
  int n_centers = 0;
  std::vector<int> center_at;        // where in the line they stand
  std::vector<WordId> inputs;        // rows of the input matrix
  std::vector<int> input_at;         // where in the line they stand
  std::vector<Bag> bags;             // CBOW only: one per row of `weights`
  std::vector<WordId> outputs;       // rows of the output (or node) matrix; the centres come first
  std::vector<float> weights;        // rows x outputs: > 0 times a positive pair, < 0 times a negative one
  std::vector<float> multiplicity;   // pairs of each input (skip-gram)
  std::int64_t n_pairs = 0;          // positive pairs, what the mean loss is per
  int fresh_begin = 0, fresh_end = 0;  // the part of the line that no earlier block has touched: rows to prefetch

  int n_rows() const { return static_cast<int>(bags.empty() ? inputs.size() : bags.size()); }
  int n_outputs() const { return static_cast<int>(outputs.size()); }
};

// Turns a line of kept tokens into blocks, in order.
//
// Up to `shared_negatives` consecutive centres of one sentence and chunk make a block. They share K negatives, drawn
// at the position of the first; so each row is read and written once for all of them, and an input that stands in m
// of the windows meets each negative once, with weight m. Sharing within one window is pWord2Vec's idea (Ji et al.
// 2016), over several windows pSGNScc's (Rengasamy et al. 2017).
class BlockMaker {
 public:
  enum class Centers { trained, held_out };

  BlockMaker(const Sampler& sampler, const HuffmanTree& tree, Centers which);
  void begin(const KeptLine& line, std::uint32_t epoch_key);
  // Fills the next block; false when the line is used up. Blocks without a pair are passed over.
  bool next(Block& block);
  // Centres passed since `begin`, those without context included.
  std::int64_t n_centers() const { return n_centers_; }
  const KeptLine& line() const { return *line_; }

 private:
  bool next_group();
  void sampled(Block& block);
  void hierarchical(Block& block, int center);
  void skipgram_inputs(Block& block);
  void cbow_inputs(Block& block);
  void mark_fresh(Block& block, int to);
  bool window(int center, int& low, int& high) const;

  const Sampler& sampler_;
  const HuffmanTree& tree_;
  const TrainingOptions& options_;
  const Centers which_;
  const int group_size_;
  const KeptLine* line_ = nullptr;
  std::uint32_t key_ = 0;
  std::size_t sentence_ = 0;
  int center_ = 0;            // next candidate in the line
  int seen_to_ = 0;           // inputs before this were in an earlier block
  std::vector<int> group_;    // centres of the present group
  std::size_t hs_done_ = 0;   // how many of them have had their hierarchical block
  bool sampled_done_ = true;
  std::vector<int> slot_;     // scratch: row of each covered line entry, or -1
  std::int64_t n_centers_ = 0;
};

}  // namespace fastqwem
