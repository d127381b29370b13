// Encoded blocks on their way from "ids of the worker that met the word" to "ids of the vocabulary".
//
// A block is a piece of one source (a file or stream): its tokens as provisional ids and, for its line ends,
// how many of its tokens came before each. Blocks arrive in any order and know their place. They stay in memory
// until the budget says no; from then on all of them live in two scratch files. finish() translates, drops
// what is not in the vocabulary, joins sentences across blocks, and makes the two arrays of a corpus.
//
// Memory: 4 bytes per token and 4 per line while collecting, and 4 per token and 8 per sentence for the result,
// unless spilled; then the result is mapped from a third and a fourth file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/control.h"
#include "core/types.h"
#include "text/budget.h"
#include "text/pages.h"

namespace fastqwem::text {

struct Block {
  std::int64_t source = 0, sequence = 0;  // its place: sources in order, then blocks of a source in order
  int dialect = 0;                        // which translation its ids need (the worker that made them)
  std::size_t n_tokens = 0, n_ends = 0;
  Pages ids;   // WordId[n_tokens]; negative: a word known to be outside of the vocabulary
  Pages ends;  // uint32[n_ends], rising: tokens of this block before each line end; only the first may be 0
  // The rest is the store's own.
  std::uint32_t first_end = 0, last_end = 0;
  std::int64_t ids_at = 0, ends_at = 0;   // places in the scratch files, in bytes
  std::size_t n_kept = 0;
  Offset first_id = 0, first_sentence = 0;
  bool open_before = false;  // tokens of an unfinished sentence precede this block
  bool close_after = false;  // its last sentence ends with the source, not with a line end
};

struct Encoded {
  Pages ids, offsets;  // WordId[n_tokens]; Offset[n_sentences + 1]
  std::size_t n_tokens = 0, n_sentences = 0;
};

// translations[dialect][provisional id] is the id in the vocabulary, or negative: not in it.
using Translations = std::vector<std::vector<WordId>>;

class BlockStore {
 public:
  BlockStore(Budget& budget, std::string scratch) : budget_(budget), scratch_(std::move(scratch)) {}

  // Before the first block: blocks are only counted, and there is nothing to finish.
  void drop() { dropping_ = true; }
  // Thread-safe. Throws IoError when the disk is full.
  void add(Block&& block);
  std::uint64_t n_tokens() const { return n_tokens_; }
  bool spilled() const { return ids_file_ != nullptr; }
  // Consumes the blocks. Progress counts tokens.
  Encoded finish(const Translations& translations, int workers, Control& control);

 private:
  struct Scratch;
  void spill(Block& block);
  void arrange(Encoded& result);
  const WordId* ids_of(const Block& block, Scratch& scratch) const;
  const std::uint32_t* ends_of(const Block& block, Scratch& scratch) const;

  Budget& budget_;
  std::string scratch_;
  bool dropping_ = false;
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::unique_ptr<File> ids_file_, ends_file_;
  std::uint64_t n_tokens_ = 0;
  std::uint64_t needed_ = 0;
  std::int64_t ids_written_ = 0, ends_written_ = 0;
};

}  // namespace fastqwem::text
