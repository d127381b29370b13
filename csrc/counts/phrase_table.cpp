#include "counts/phrase_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace fastqwem {
namespace {

// What an entry came from: a pair of words (their ids), one word (its id), or a text (its place in an arena; staged
// until it is known to be new).
constexpr std::uint64_t kPair = 0, kWord = 1, kText = 2, kStaged = 3;
constexpr unsigned kKindShift = 62;
constexpr std::uint64_t kPlace = (std::uint64_t{1} << kKindShift) - 1;
constexpr std::size_t kBatch = 256, kFirstSlots = std::size_t{1} << 12, kAhead = 16;

std::uint64_t kind(std::uint64_t source) { return source >> kKindShift; }
std::uint64_t make(std::uint64_t k, std::uint64_t place) { return k << kKindShift | place; }
std::uint64_t word_source(WordId id) { return make(kWord, static_cast<std::uint64_t>(id)); }
std::uint64_t pair_source(WordId left, WordId right) {
  return make(kPair, static_cast<std::uint64_t>(left) << 31 | static_cast<std::uint64_t>(right));
}
WordId left_of(std::uint64_t source) { return static_cast<WordId>(source >> 31); }
WordId right_of(std::uint64_t source) { return static_cast<WordId>(source & 0x7fffffffu); }

std::uint64_t mix(std::uint64_t hash) { return hash * 0x9e3779b97f4a7c15u; }
std::uint64_t tag(std::uint64_t mixed) { return mixed << 32; }

std::string_view text_at(const std::vector<char>& arena, std::uint64_t place) {
  std::uint32_t length;
  std::memcpy(&length, arena.data() + place, sizeof length);
  return {arena.data() + place + sizeof length, length};
}

std::uint64_t append_record(std::vector<char>& arena, std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("a phrase of more than 4 GB");
  const std::uint64_t place = arena.size();
  const auto length = static_cast<std::uint32_t>(text.size());
  const char* const head = reinterpret_cast<const char*>(&length);
  arena.insert(arena.end(), head, head + sizeof length);
  arena.insert(arena.end(), text.begin(), text.end());
  return place;
}

}  // namespace

PhraseTable::PhraseTable(std::shared_ptr<const PhraseWords> words, std::uint64_t max_size)
    : words_(std::move(words)), max_size_(max_size) {
  pending_.reserve(kBatch);
  resize(kFirstSlots);
}

void PhraseTable::feed(const WordId* ids, std::size_t n_ids, const std::uint32_t* ends, std::size_t n_ends) {
  for (std::size_t i = 0; i < n_ids; ++i) {
    if (ids[i] < 0 || static_cast<std::size_t>(ids[i]) >= words_->size()) {
      throw std::invalid_argument("ids must be at least 0 and below the number of words");
    }
  }
  of_word_.resize(words_->size());
  std::size_t at = 0;
  const auto meet_until = [&](std::size_t stop) {
    for (; at < stop; ++at) {
      if (at + kAhead < n_ids) prefetch(ids[at + kAhead], ids[at + kAhead / 2]);
      meet(ids[at]);
    }
  };
  for (std::size_t s = 0; s < n_ends; ++s) {
    if (ends[s] < at || ends[s] > n_ids) throw std::invalid_argument("ends must not fall and lie in the block");
    meet_until(ends[s]);
    end_sentence();
  }
  meet_until(n_ids);
}

void PhraseTable::prefetch(WordId later, WordId sooner) const {
  words_->prefetch(later);
  __builtin_prefetch(&of_word_[static_cast<std::size_t>(later)]);
  const std::uint32_t known = of_word_[static_cast<std::size_t>(sooner)];
  if (known != 0) __builtin_prefetch(&entries_[known - 1]);
}

void PhraseTable::finish() {
  flush();
  open_.clear();
}

void PhraseTable::meet(WordId id) {
  if (pending_.size() + 2 > kBatch) flush();
  ++n_words_;
  const TextHash& hash = words_->hash(id);
  if (words_->connector(id)) {
    if (open_.empty()) return;
    open_.push_back(id);
    open_hash_ = join(join(open_hash_, hash), words_->delimiter_hash());
    return;
  }
  const std::uint32_t known = of_word_[static_cast<std::size_t>(id)];
  if (known != 0) {
    ++entries_[known - 1].count;
  } else {
    push(hash.value, word_source(id));
  }
  if (!open_.empty()) {
    const std::uint64_t source = open_.size() == 1 ? pair_source(open_[0], id) : stage_with_connectors(id);
    push(join(open_hash_, hash).value, source);
  }
  open_.assign(1, id);
  open_hash_ = join(hash, words_->delimiter_hash());
}

std::uint64_t PhraseTable::stage_with_connectors(WordId last) {
  std::string text;
  for (const WordId id : open_) text.append(words_->text(id)).append(words_->delimiter());
  text.append(words_->text(last));
  return make(kStaged, append_record(staged_, text));
}

void PhraseTable::push(std::uint64_t hash, std::uint64_t source) {
  __builtin_prefetch(&slots_[mix(hash) >> shift_]);
  pending_.push_back({hash, source});
}

void PhraseTable::flush() {
  for (const Pending& text : pending_) {
    const std::uint64_t slot = slots_[mix(text.hash) >> shift_];
    if (slot != 0) __builtin_prefetch(&entries_[(slot & 0xffffffffu) - 1]);
  }
  for (const Pending& text : pending_) {
    const std::size_t entry = upsert(text.hash, text.source, 1);
    if (kind(text.source) == kWord) of_word_[text.source & kPlace] = static_cast<std::uint32_t>(entry + 1);
  }
  pending_.clear();
  staged_.clear();
}

void PhraseTable::end_sentence() {
  open_.clear();
  if (entries_.size() + pending_.size() > max_size_) flush();
  if (entries_.size() > max_size_) prune();
}

void PhraseTable::prune() {
  std::vector<char> texts;
  std::size_t kept = 0;
  for (Entry& entry : entries_) {
    if (entry.count < min_reduce_) continue;
    if (kind(entry.source) == kText) {
      entry.source = make(kText, append_record(texts, text_at(texts_, entry.source & kPlace)));
    }
    entries_[kept++] = entry;
  }
  entries_.resize(kept);
  texts_.swap(texts);
  std::fill(of_word_.begin(), of_word_.end(), 0u);
  resize(slots_.size());
  ++min_reduce_;
}

void PhraseTable::append_source(std::uint64_t source, const std::vector<char>& arena, std::string& out) const {
  switch (kind(source)) {
    case kPair:
      out.append(words_->text(left_of(source))).append(words_->delimiter()).append(words_->text(right_of(source)));
      break;
    case kWord:
      out.append(words_->text(static_cast<WordId>(source & kPlace)));
      break;
    default:
      out.append(text_at(arena, source & kPlace));
  }
}

void PhraseTable::append_text(std::size_t entry, std::string& out) const {
  append_source(entries_[entry].source, texts_, out);
}

bool PhraseTable::same_text(const Entry& entry, std::uint64_t source) const {
  if (kind(entry.source) == kText && kind(source) == kStaged) {
    return text_at(texts_, entry.source & kPlace) == text_at(staged_, source & kPlace);
  }
  std::string mine, other;
  append_source(entry.source, texts_, mine);
  append_source(source, staged_, other);
  return mine == other;
}

std::uint64_t PhraseTable::settle(std::uint64_t source) {
  if (kind(source) != kStaged) return source;
  return make(kText, append_record(texts_, text_at(staged_, source & kPlace)));
}

std::size_t PhraseTable::upsert(std::uint64_t hash, std::uint64_t source, std::uint64_t count) {
  const std::uint64_t mixed = mix(hash);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = mixed >> shift_; slots_[i] != 0; i = (i + 1) & mask) {
    if ((slots_[i] ^ tag(mixed)) >> 32 != 0) continue;
    Entry& entry = entries_[(slots_[i] & 0xffffffffu) - 1];
    if (entry.hash == hash && (entry.source == source || same_text(entry, source))) {
      entry.count += count;
      return (slots_[i] & 0xffffffffu) - 1;
    }
  }
  if (entries_.size() >= std::numeric_limits<std::uint32_t>::max() - 1) {
    throw std::length_error("max_vocab_size lets in more than 2^32 - 2 words and phrases");
  }
  entries_.push_back({hash, count, settle(source)});
  if (entries_.size() * 10 > slots_.size() * 6) {
    resize(slots_.size() * 2);
  } else {
    place(entries_.size() - 1);
  }
  return entries_.size() - 1;
}

void PhraseTable::add(std::string_view text, std::uint64_t count) {
  flush();
  const std::uint64_t source = make(kStaged, append_record(staged_, text));
  upsert(hash_text(text).value, source, count);
  staged_.clear();
}

void PhraseTable::absorb(const PhraseTable& other) {
  if (other.words_ != words_) throw std::invalid_argument("only tables of the same words can be added");
  flush();
  for (const Entry& entry : other.entries_) {
    std::uint64_t source = entry.source;
    if (kind(source) == kText) {
      source = make(kStaged, append_record(staged_, text_at(other.texts_, source & kPlace)));
    }
    upsert(entry.hash, source, entry.count);
    staged_.clear();
  }
  n_words_ += other.n_words_;
  min_reduce_ = std::max(min_reduce_, other.min_reduce_);
  if (entries_.size() > max_size_) prune();
}

const PhraseTable::Entry* PhraseTable::find(std::string_view text, std::uint64_t hash) const {
  const std::uint64_t mixed = mix(hash);
  const std::size_t mask = slots_.size() - 1;
  std::string found;
  for (std::size_t i = mixed >> shift_; slots_[i] != 0; i = (i + 1) & mask) {
    if ((slots_[i] ^ tag(mixed)) >> 32 != 0) continue;
    const Entry& entry = entries_[(slots_[i] & 0xffffffffu) - 1];
    if (entry.hash != hash) continue;
    found.clear();
    append_source(entry.source, texts_, found);
    if (found == text) return &entry;
  }
  return nullptr;
}

std::uint64_t PhraseTable::count(std::string_view text) const {
  const Entry* const entry = find(text, hash_text(text).value);
  return entry == nullptr ? 0 : entry->count;
}

// A phrase of two clean words splits where it was joined, and the counts of words are worth remembering; any other
// text is split at the first and the last delimiter, found from left to right.
std::vector<PhraseCounts> PhraseTable::splittable(std::uint64_t min_count) const {
  if (words_->delimiter().empty()) throw std::invalid_argument("no text can be split at an empty delimiter");
  constexpr std::int64_t kUnknown = -1;
  std::vector<std::int64_t> of_word(words_->size(), kUnknown);
  const auto word_count = [&](WordId id) {
    std::int64_t& known = of_word[static_cast<std::size_t>(id)];
    if (known == kUnknown) known = static_cast<std::int64_t>(count(words_->text(id)));
    return known;
  };
  std::vector<PhraseCounts> all;
  std::string text;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.count < min_count) continue;
    const auto number = static_cast<std::int64_t>(i), phrase = static_cast<std::int64_t>(entry.count);
    const std::uint64_t source = entry.source;
    if (kind(source) == kWord && words_->clean(static_cast<WordId>(source & kPlace))) continue;
    if (kind(source) == kPair && words_->clean(left_of(source)) && words_->clean(right_of(source))) {
      all.push_back({number, phrase, word_count(left_of(source)), word_count(right_of(source)), 1});
      continue;
    }
    text.clear();
    append_text(i, text);
    const std::string& delimiter = words_->delimiter();
    const std::size_t first = text.find(delimiter);
    if (first == std::string::npos) continue;
    std::size_t last = first;
    for (std::size_t at = first; at != std::string::npos; at = text.find(delimiter, at + delimiter.size())) last = at;
    std::int64_t ways = 0;
    for (std::size_t at = first; at != std::string::npos; at = text.find(delimiter, at + 1)) ++ways;
    const std::string_view whole = text;
    const std::uint64_t left = count(whole.substr(0, first)), right = count(whole.substr(last + delimiter.size()));
    all.push_back({number, phrase, static_cast<std::int64_t>(left), static_cast<std::int64_t>(right), ways});
  }
  return all;
}

void PhraseTable::place(std::size_t entry) {
  const std::uint64_t mixed = mix(entries_[entry].hash);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = mixed >> shift_;
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = tag(mixed) | (entry + 1);
}

void PhraseTable::resize(std::size_t n_slots) {
  std::vector<std::uint64_t>().swap(slots_);
  slots_.resize(n_slots);
  shift_ = static_cast<unsigned>(64 - __builtin_ctzll(n_slots));
  for (std::size_t i = 0; i < entries_.size(); ++i) place(i);
}

}  // namespace fastqwem
