// The hash table from words to ids: only "find" and "insert", open addressing, linear probing.
//
// A slot is 32 bytes, half a cache line, and holds words of up to 15 bytes whole, so that looking one up
// compares two integers and touches one line: in running text more than 99 % of the tokens. A longer word
// keeps its 64-bit hash in the slot and its bytes in an arena. Counts sit in the slot because its line is
// already there. Memory: 32 bytes per slot, at most 70 % of them in use, plus the bytes of long words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "text/budget.h"

namespace fastqwem::text {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the key of a word is its bytes in little-endian order");

constexpr std::size_t kShortWord = 15;  // bytes that fit a key
constexpr std::size_t kReadPast = 16;   // make_key may read so far behind a word

// What is compared: the bytes, zero-padded, and in the top byte of `high` the length plus one (so that no key
// is zero), or 255 for a long word, whose `low` is then its hash.
struct WordKey {
  std::uint64_t low, high, hash;
};

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_key(std::uint64_t low, std::uint64_t high) {
  return fold(low ^ 0x9e3779b97f4a7c15u, high ^ 0xd1b54a32d192ed03u);
}

std::uint64_t hash_bytes(const char* data, std::size_t size);

// The key of `size` > 0 bytes; kReadPast bytes behind them must be readable.
inline WordKey make_key(const char* data, std::size_t size) {
  constexpr std::uint64_t kLongTag = std::uint64_t{255} << 56;
  WordKey key;
  if (__builtin_expect(size > kShortWord, 0)) {
    key.low = hash_bytes(data, size);
    key.high = kLongTag;
  } else {
    std::memcpy(&key.low, data, 8);
    std::memcpy(&key.high, data + 8, 8);
    // Shifting by 64 is undefined, hence in two steps; no branches, since lengths are not predictable.
    const unsigned low_bits = size < 8 ? static_cast<unsigned>(size) * 8 : 64;
    const unsigned high_bits = size < 8 ? 0 : (static_cast<unsigned>(size) - 8) * 8;
    key.low &= ~((~std::uint64_t{0} << (low_bits / 2)) << (low_bits - low_bits / 2));
    key.high &= ~(~std::uint64_t{0} << high_bits);
    key.high |= static_cast<std::uint64_t>(size + 1) << 56;
  }
  key.hash = hash_key(key.low, key.high);
  return key;
}

class WordTable {
 public:
  struct Slot {
    std::uint64_t low = 0, high = 0;  // high: 0 empty; top byte 255: the rest is a place in the arena
    std::uint64_t count = 0;
    WordId id = 0;
    std::uint32_t unused = 0;
  };

  // `budget` is charged for all memory of the table and must outlive it.
  explicit WordTable(Budget& budget);
  WordTable(const WordTable&) = delete;
  WordTable& operator=(const WordTable&) = delete;
  ~WordTable();

  std::size_t size() const { return size_; }
  void prefetch(const WordKey& key) const { __builtin_prefetch(&slots_[key.hash >> shift_]); }

  // The slot of a word, or nullptr.
  Slot* find(const WordKey& key, const char* data, std::size_t size) {
    if (__builtin_expect(size > kShortWord, 0)) return find_long(key, data, size);
    for (std::size_t i = key.hash >> shift_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.low == key.low && slot.high == key.high) return &slot;
      if (slot.high == 0) return nullptr;
    }
  }
  // Adds a word that find() did not find; its id is the number of words before it, its count 0.
  Slot* insert(const WordKey& key, const char* data, std::size_t size);

  // The bytes of a slot's word; valid until the next insert.
  std::string_view word(const Slot& slot) const;
  // Takes in another table's words and counts; returns this table's id of each of its words, by its ids.
  std::vector<WordId> absorb(const WordTable& other);
  // The slots in the order of their ids.
  std::vector<const Slot*> by_id() const;
  // Forget everything and return the memory.
  void clear();

 private:
  Slot* find_long(const WordKey& key, const char* data, std::size_t size);
  void place(const Slot& slot);
  void resize(std::size_t n_slots);
  void reserve(std::size_t n_words);

  Budget* budget_;
  std::vector<Slot> slots_;
  std::vector<char> arena_;  // per long word: its length (4 bytes), its bytes
  std::size_t charged_ = 0;
  std::size_t size_ = 0, mask_ = 0;
  unsigned shift_ = 0;
};

}  // namespace fastqwem::text
