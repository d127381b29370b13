// Text to vocabulary and ids: one pass over the text, by worker threads for files, by chunks for streams.
//
//   Encoder encoder(options);                 // or with a vocabulary that is given
//   encoder.encode_files(files, control);     // plain files, in parallel
//   encoder.begin_stream(...); encoder.feed(bytes) ...; encoder.end_stream();     // what Python decompresses
//   encoder.merge(control);                   // one table; raw ids number its words
//   order = encoder.rank(min_count, max);     // raw ids in order of their final ids (or choose them yourself)
//   encoder.finish(order, control);           // the corpus
//
// The result depends on the text alone: not on workers, blocks, or what spilled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/control.h"
#include "core/types.h"
#include "text/block_store.h"
#include "text/budget.h"
#include "text/tokenise.h"
#include "text/word_table.h"

namespace fastqwem::text {

struct EncoderOptions {
  int workers = 1;
  std::uint64_t memory = 0;  // bytes, 0: no limit
  std::string scratch;       // folder for spilled blocks
  std::size_t block = 0;     // bytes of text per block
};

struct TextFile {
  std::string path;
  std::int64_t source = 0;  // its place in the corpus
  std::uint64_t size = 0;
};

class Encoder {
 public:
  explicit Encoder(const EncoderOptions& options);
  // With a given vocabulary: word i has the id i, other words are dropped, nothing is counted.
  Encoder(const EncoderOptions& options, const std::vector<std::string_view>& vocabulary);

  // Before the first byte: only words are wanted, no ids are kept, and finish() has nothing to give.
  void count_only() { store_.drop(); }
  // Progress counts bytes.
  void encode_files(const std::vector<TextFile>& files, Control& control);

  void begin_stream(std::string name, std::int64_t source);
  // Any division of the bytes into chunks gives the same corpus.
  void feed(std::string_view bytes);
  void end_stream();

  std::uint64_t n_tokens() const { return store_.n_tokens(); }
  bool spilled() const { return store_.spilled(); }

  // To be called once, after the last byte; the next five need it.
  void merge(Control& control);
  std::size_t n_words() const { return words_.size(); }
  std::uint64_t count(std::size_t raw_id) const { return words_[raw_id]->count; }
  std::string_view word(std::size_t raw_id) const { return tables_.front().word(*words_[raw_id]); }
  // Raw ids by falling count, ties by bytes (which is the order of code points), at most `max_words` of those
  // that occur at least `min_count` times.
  std::vector<WordId> rank(std::uint64_t min_count, std::size_t max_words) const;
  Encoded finish(const std::vector<WordId>& order, Control& control);

 private:
  struct Piece;
  class Failures;
  void encode_piece(const TextFile& file, const Piece& piece, int worker, std::vector<char>& buffer);
  void encode_pending(std::size_t size);

  EncoderOptions options_;
  Budget budget_;
  std::deque<WordTable> tables_;  // one per worker, or the given vocabulary alone
  bool learn_ = true;
  BlockStore store_;
  std::vector<const WordTable::Slot*> words_;  // by raw id
  Translations translations_;                  // per worker, to raw ids

  std::string name_;  // of the stream
  std::int64_t source_ = 0, sequence_ = 0;
  std::uint64_t position_ = 0;  // in the stream, of pending_[0]
  bool started_ = false;        // past the byte order mark
  std::vector<char> pending_;   // bytes not encoded yet, then kPadding
};

}  // namespace fastqwem::text
