// How often each word and each pair of neighbours, joined to one text, occurs in running text.
//
// Texts are what is counted: "new_york" as one word and "new" before "york" share a count. But a text is built only
// where it must be: an entry knows the words that it came from, and entries of the same words have the same text.
// Words called connectors may stand between the two of a pair, and belong to its text then; they are not counted
// themselves. Memory: 24 bytes per entry and 8 per slot, at most 60 % of them in use, plus texts with connectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "counts/phrase_words.h"

namespace fastqwem {

// A text that can be split at the delimiter, how often it, its first and its last part occur, and in how many ways it
// can be split in two.
struct PhraseCounts {
  std::int64_t entry, phrase, first, last, ways;
};

class PhraseTable {
 public:
  PhraseTable(std::shared_ptr<const PhraseWords> words, std::uint64_t max_size);

  // The next words of the text, and behind how many of them each sentence ends that ends here; a sentence may go on
  // in the next block. Whenever a sentence ends with more than max_size entries, the rare ones are pruned.
  void feed(const WordId* ids, std::size_t n_ids, const std::uint32_t* ends, std::size_t n_ends);
  // Ends the text: whatever is fed then begins a sentence.
  void finish();

  // Adds `count` occurrences of a text.
  void add(std::string_view text, std::uint64_t count);
  // Adds the counts of a table of the same words, then prunes if that is more than max_size entries.
  void absorb(const PhraseTable& other);

  std::uint64_t n_words() const { return n_words_; }        // fed, connectors included
  std::uint64_t min_reduce() const { return min_reduce_; }  // the next pruning removes what occurs less often
  void set_min_reduce(std::uint64_t min_reduce) { min_reduce_ = min_reduce; }

  // Entries are in the order in which their texts appeared; only valid between feeding and feeding.
  std::size_t size() const { return entries_.size(); }
  std::uint64_t count(std::size_t entry) const { return entries_[entry].count; }
  void append_text(std::size_t entry, std::string& out) const;
  std::uint64_t count(std::string_view text) const;
  // Of the texts that occur at least min_count times.
  std::vector<PhraseCounts> splittable(std::uint64_t min_count) const;

 private:
  struct Entry {
    std::uint64_t hash, count, source;
  };
  struct Pending {
    std::uint64_t hash, source;
  };
  void prefetch(WordId later, WordId sooner) const;
  void meet(WordId id);
  void push(std::uint64_t hash, std::uint64_t source);
  void flush();
  void end_sentence();
  void prune();

  void append_source(std::uint64_t source, const std::vector<char>& arena, std::string& out) const;
  bool same_text(const Entry& entry, std::uint64_t source) const;
  std::uint64_t stage_with_connectors(WordId last);
  std::uint64_t settle(std::uint64_t source);
  std::size_t upsert(std::uint64_t hash, std::uint64_t source, std::uint64_t count);
  const Entry* find(std::string_view text, std::uint64_t hash) const;
  void resize(std::size_t n_slots);
  void place(std::size_t entry);

  std::shared_ptr<const PhraseWords> words_;
  std::uint64_t max_size_, n_words_ = 0, min_reduce_ = 1;

  std::vector<Entry> entries_;
  std::vector<std::uint64_t> slots_;  // 0, or 32 bits of the hash and the entry's number plus one
  unsigned shift_ = 0;
  std::vector<std::uint32_t> of_word_;  // by word: its entry's number plus one, or 0 if it is not known
  std::vector<char> texts_;             // of entries with connectors: length (4 bytes), bytes

  std::vector<Pending> pending_;  // texts met, not yet counted: the memory that they need is on its way meanwhile
  std::vector<char> staged_;      // texts of pending ones, as in texts_

  std::vector<WordId> open_;  // the last word that is no connector, and connectors since; of this sentence
  TextHash open_hash_;        // of these, each with a delimiter behind it
};

}  // namespace fastqwem
