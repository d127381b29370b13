#include "text/word_table.h"

#include <algorithm>

namespace fastqwem::text {
namespace {

constexpr std::size_t kFirstSlots = std::size_t{1} << 12;
constexpr std::uint64_t kPlace = (std::uint64_t{1} << 56) - 1;

bool is_long(const WordTable::Slot& slot) { return slot.high >> 56 == 255; }

}  // namespace

std::uint64_t hash_bytes(const char* data, std::size_t size) {
  std::uint64_t state = size * 0x9e3779b97f4a7c15u;
  std::uint64_t a = 0, b = 0;
  for (; size > 16; data += 16, size -= 16) {
    std::memcpy(&a, data, 8);
    std::memcpy(&b, data + 8, 8);
    state = fold(a ^ state, b ^ 0xe7037ed1a0b428dbu);
  }
  a = b = 0;
  std::memcpy(&a, data, size < 8 ? size : 8);
  if (size > 8) std::memcpy(&b, data + 8, size - 8);
  return fold(a ^ state, b ^ 0x8ebc6af09c88c6e3u);
}

WordTable::WordTable(Budget& budget) : budget_(&budget) { resize(kFirstSlots); }

WordTable::~WordTable() { budget_->release(charged_); }

void WordTable::resize(std::size_t n_slots) {
  const std::size_t extra = n_slots * sizeof(Slot);
  const std::size_t old = slots_.size() * sizeof(Slot);
  charged_ += extra;  // before the call, so that the destructor releases what charge() has added even if it throws
  budget_->charge(extra);
  std::vector<Slot> before(n_slots);
  before.swap(slots_);
  mask_ = n_slots - 1;
  shift_ = static_cast<unsigned>(64 - __builtin_ctzll(n_slots));
  for (const Slot& slot : before) {
    if (slot.high != 0) place(slot);
  }
  std::vector<Slot>().swap(before);
  budget_->release(old);
  charged_ -= old;
}

void WordTable::place(const Slot& slot) {
  const std::uint64_t hash = hash_key(slot.low, is_long(slot) ? slot.high & ~kPlace : slot.high);
  std::size_t i = hash >> shift_;
  while (slots_[i].high != 0) i = (i + 1) & mask_;
  slots_[i] = slot;
}

WordTable::Slot* WordTable::find_long(const WordKey& key, const char* data, std::size_t size) {
  for (std::size_t i = key.hash >> shift_;; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (slot.high == 0) return nullptr;
    if (slot.low == key.low && is_long(slot) && word(slot) == std::string_view(data, size)) return &slot;
  }
}

void WordTable::reserve(std::size_t n_words) {
  std::size_t n_slots = slots_.size();
  while (n_words * 10 > n_slots * 7) n_slots *= 2;
  if (n_slots != slots_.size()) resize(n_slots);
}

WordTable::Slot* WordTable::insert(const WordKey& key, const char* data, std::size_t size) {
  reserve(size_ + 1);
  Slot slot;
  slot.low = key.low;
  slot.high = key.high;
  slot.id = static_cast<WordId>(size_);
  if (size > kShortWord) {
    slot.high |= arena_.size();
    const std::uint32_t length = static_cast<std::uint32_t>(size);
    const std::size_t need = arena_.size() + sizeof length + size;
    if (need > arena_.capacity()) {
      const std::size_t extra = need + need / 2 - arena_.capacity();
      charged_ += extra;
      budget_->charge(extra);
      arena_.reserve(need + need / 2);
    }
    const char* head = reinterpret_cast<const char*>(&length);
    arena_.insert(arena_.end(), head, head + sizeof length);
    arena_.insert(arena_.end(), data, data + size);
  }
  std::size_t i = key.hash >> shift_;
  while (slots_[i].high != 0) i = (i + 1) & mask_;
  slots_[i] = slot;
  ++size_;
  return &slots_[i];
}

// Both tables order their slots by hash, so going through one in slot order goes through the other in order, too,
// which the caches like. The room made first keeps the part of the table that is already merged from overflowing.
std::vector<WordId> WordTable::absorb(const WordTable& other) {
  const std::size_t most = std::max(size_, other.size_), least = std::min(size_, other.size_);
  reserve(most + least / 2);
  std::vector<WordId> translation(other.size_);
  for (const Slot& slot : other.slots_) {
    if (slot.high == 0) continue;
    const std::string_view text = other.word(slot);
    const std::uint64_t high = is_long(slot) ? slot.high & ~kPlace : slot.high;
    const WordKey key{slot.low, high, hash_key(slot.low, high)};
    Slot* mine = find(key, text.data(), text.size());
    if (mine == nullptr) mine = insert(key, text.data(), text.size());
    mine->count += slot.count;
    translation[static_cast<std::size_t>(slot.id)] = mine->id;
  }
  return translation;
}

std::string_view WordTable::word(const Slot& slot) const {
  if (!is_long(slot)) return {reinterpret_cast<const char*>(&slot.low), (slot.high >> 56) - 1};
  std::uint32_t length;
  const char* at = arena_.data() + (slot.high & kPlace);
  std::memcpy(&length, at, sizeof length);
  return {at + sizeof length, length};
}

std::vector<const WordTable::Slot*> WordTable::by_id() const {
  std::vector<const Slot*> slots(size_);
  for (const Slot& slot : slots_) {
    if (slot.high != 0) slots[static_cast<std::size_t>(slot.id)] = &slot;
  }
  return slots;
}

void WordTable::clear() {
  std::vector<Slot>().swap(slots_);
  std::vector<char>().swap(arena_);
  budget_->release(charged_);
  charged_ = size_ = 0;
}

}  // namespace fastqwem::text
