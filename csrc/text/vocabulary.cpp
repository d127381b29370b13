// The Encoder's second half: from the workers' tables to one order of words, and to the corpus.
//
// Cost: merging inserts every word of every further worker once; ranking sorts only the words that are frequent
// enough. Both are small beside reading, except for texts of few repetitions.
#include <algorithm>
#include <utility>

#include "text/encoder.h"

namespace fastqwem::text {
namespace {

// Words compare mostly by count and by their first eight bytes, which fit a register.
struct Candidate {
  std::uint64_t count, prefix;
  WordId raw;
};

std::uint64_t prefix_of(std::string_view word) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, word.data(), std::min<std::size_t>(word.size(), 8));
  return __builtin_bswap64(prefix);
}

}  // namespace

void Encoder::merge(Control& control) {
  WordTable& all = tables_.front();
  translations_.resize(tables_.size());
  for (std::size_t worker = 1; worker < tables_.size(); ++worker) {
    control.check();
    translations_[worker] = all.absorb(tables_[worker]);
    tables_[worker].clear();
  }
  words_ = all.by_id();
  translations_[0].resize(words_.size());
  for (std::size_t i = 0; i < words_.size(); ++i) translations_[0][i] = static_cast<WordId>(i);
}

std::vector<WordId> Encoder::rank(std::uint64_t min_count, std::size_t max_words) const {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const WordTable::Slot& slot = *words_[i];
    if (slot.count >= min_count) candidates.push_back({slot.count, prefix_of(word(i)), slot.id});
  }
  const auto first = [this](const Candidate& a, const Candidate& b) {
    if (a.count != b.count) return a.count > b.count;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return word(static_cast<std::size_t>(a.raw)) < word(static_cast<std::size_t>(b.raw));
  };
  const auto wanted = static_cast<std::ptrdiff_t>(std::min(candidates.size(), max_words));
  if (max_words < candidates.size()) {
    std::nth_element(candidates.begin(), candidates.begin() + wanted, candidates.end(), first);
    candidates.resize(max_words);
  }
  std::sort(candidates.begin(), candidates.end(), first);
  std::vector<WordId> order;
  order.reserve(candidates.size());
  for (const Candidate& candidate : candidates) order.push_back(candidate.raw);
  return order;
}

Encoded Encoder::finish(const std::vector<WordId>& order, Control& control) {
  std::vector<WordId> final_ids(words_.size(), -1);
  for (std::size_t i = 0; i < order.size(); ++i) {
    final_ids.at(static_cast<std::size_t>(order[i])) = static_cast<WordId>(i);
  }
  words_.clear();
  for (WordTable& table : tables_) table.clear();
  for (std::vector<WordId>& translation : translations_) {
    for (WordId& id : translation) id = final_ids[static_cast<std::size_t>(id)];
  }
  return store_.finish(translations_, options_.workers, control);
}

}  // namespace fastqwem::text
