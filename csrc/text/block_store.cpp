#include "text/block_store.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "core/parallel.h"

namespace fastqwem::text {
namespace {

constexpr std::size_t kIdBytes = sizeof(WordId), kEndBytes = sizeof(std::uint32_t), kOffsetBytes = sizeof(Offset);

// Which words stay, one bit each: a quarter of a million words then fit the first-level cache, and the pass that
// counts costs a fraction of the one that translates.
class KeptBits {
 public:
  explicit KeptBits(const std::vector<WordId>& translation) : bits_(translation.size() / 64 + 1) {
    for (std::size_t i = 0; i < translation.size(); ++i) {
      bits_[(i + 1) / 64] |= static_cast<std::uint64_t>(translation[i] >= 0) << ((i + 1) % 64);
    }
  }
  std::size_t count(const WordId* ids, std::size_t n) const {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto bit = static_cast<std::size_t>(ids[i] + 1);  // bit 0 is that of the id -1: never kept
      kept += bits_[bit / 64] >> (bit % 64) & 1;
    }
    return kept;
  }

 private:
  std::vector<std::uint64_t> bits_;
};

// Translates one block into `out` (with room for n_kept + 1 ids) and writes where its sentences end.
// Returns the number of offsets written.
std::size_t translate(const Block& block, const WordId* ids, const std::uint32_t* ends,
                      const std::vector<WordId>& translation, WordId* out, Offset* offsets) {
  std::size_t kept = 0, n_offsets = 0, at = 0;
  auto up_to = [&](std::size_t end) {
    for (; at < end; ++at) {
      const WordId id = ids[at] < 0 ? ids[at] : translation[static_cast<std::size_t>(ids[at])];
      out[kept] = id;  // overwritten by the next one if it is not kept
      kept += id >= 0;
    }
  };
  for (std::size_t i = 0; i < block.n_ends; ++i) {
    up_to(ends[i]);
    if (ends[i] == 0 && !block.open_before) continue;  // blank lines end nothing
    offsets[n_offsets++] = block.first_id + static_cast<Offset>(kept);
  }
  up_to(block.n_tokens);
  if (block.close_after) offsets[n_offsets++] = block.first_id + static_cast<Offset>(kept);
  return n_offsets;
}

}  // namespace

// What one worker needs to handle spilled blocks; grows to the largest block.
struct BlockStore::Scratch {
  std::vector<WordId> ids, translated;
  std::vector<std::uint32_t> ends;
  std::vector<Offset> offsets;
};

void BlockStore::add(Block&& block) {
  if (block.n_tokens == 0 && block.n_ends == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (block.n_ends > 0) {
    block.first_end = block.ends.as<std::uint32_t>()[0];
    block.last_end = block.ends.as<std::uint32_t>()[block.n_ends - 1];
  }
  n_tokens_ += block.n_tokens;
  if (dropping_) return;
  blocks_.push_back(std::move(block));
  if (spilled()) return spill(blocks_.back());
  // What the block takes now and what its part of the result will take beside it (offsets are twice as wide).
  needed_ += 2 * blocks_.back().ids.size() + 3 * blocks_.back().ends.size();
  if (budget_.leaves_room(needed_)) return;
  ids_file_ = std::make_unique<File>(File::scratch(scratch_));
  ends_file_ = std::make_unique<File>(File::scratch(scratch_));
  for (Block& held : blocks_) spill(held);
}

void BlockStore::spill(Block& block) {
  const std::size_t ids_bytes = block.n_tokens * kIdBytes, ends_bytes = block.n_ends * kEndBytes;
  ids_file_->write_at(block.ids.as<char>(), ids_bytes, ids_written_);
  ends_file_->write_at(block.ends.as<char>(), ends_bytes, ends_written_);
  block.ids_at = std::exchange(ids_written_, ids_written_ + static_cast<std::int64_t>(ids_bytes));
  block.ends_at = std::exchange(ends_written_, ends_written_ + static_cast<std::int64_t>(ends_bytes));
  block.ids = Pages();
  block.ends = Pages();
}

const WordId* BlockStore::ids_of(const Block& block, Scratch& scratch) const {
  if (!spilled()) return block.ids.as<WordId>();
  scratch.ids.resize(block.n_tokens);
  ids_file_->read_at(scratch.ids.data(), block.n_tokens * kIdBytes, block.ids_at);
  return scratch.ids.data();
}

const std::uint32_t* BlockStore::ends_of(const Block& block, Scratch& scratch) const {
  if (!spilled()) return block.ends.as<std::uint32_t>();
  scratch.ends.resize(block.n_ends);
  ends_file_->read_at(scratch.ends.data(), block.n_ends * kEndBytes, block.ends_at);
  return scratch.ends.data();
}

// With n_kept known, the place of every block in the result follows from its neighbours' sizes alone.
void BlockStore::arrange(Encoded& result) {
  bool open = false;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    block.open_before = open;
    const bool blank_start = block.n_ends > 0 && block.first_end == 0 && !open;
    const bool tail = block.n_tokens > (block.n_ends > 0 ? block.last_end : 0);
    open = tail || (open && block.n_ends == 0);
    const bool last = i + 1 == blocks_.size() || blocks_[i + 1].source != block.source;
    block.close_after = last && open;
    if (last) open = false;
    block.first_id = static_cast<Offset>(result.n_tokens);
    block.first_sentence = static_cast<Offset>(result.n_sentences);
    result.n_tokens += block.n_kept;
    result.n_sentences += block.n_ends - blank_start + block.close_after;
  }
}

Encoded BlockStore::finish(const Translations& translations, int workers, Control& control) {
  std::sort(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) {
    return std::tie(a.source, a.sequence) < std::tie(b.source, b.sequence);
  });
  std::vector<Scratch> scratch(static_cast<std::size_t>(workers));
  const std::vector<KeptBits> kept(translations.begin(), translations.end());
  control.set_total(2 * n_tokens_);
  parallel_for(workers, blocks_.size(), control, [&](std::size_t i, int worker) {
    Block& block = blocks_[i];
    const WordId* ids = ids_of(block, scratch[static_cast<std::size_t>(worker)]);
    block.n_kept = kept[static_cast<std::size_t>(block.dialect)].count(ids, block.n_tokens);
    control.advance(block.n_tokens);
  });

  Encoded result;
  arrange(result);
  std::unique_ptr<File> ids_out, offsets_out;
  const Offset zero = 0;
  if (spilled()) {
    ids_out = std::make_unique<File>(File::scratch(scratch_));
    offsets_out = std::make_unique<File>(File::scratch(scratch_));
    offsets_out->write_at(&zero, kOffsetBytes, 0);
  } else {
    result.ids = Pages(result.n_tokens * kIdBytes);
    result.offsets = Pages((result.n_sentences + 1) * kOffsetBytes);
    result.offsets.as<Offset>()[0] = zero;
  }
  parallel_for(workers, blocks_.size(), control, [&](std::size_t i, int worker) {
    Block& block = blocks_[i];
    Scratch& own = scratch[static_cast<std::size_t>(worker)];
    const WordId* ids = ids_of(block, own);
    const std::uint32_t* ends = ends_of(block, own);
    // Through a buffer: translate() may write one id too many, which would be the neighbour's.
    own.translated.resize(block.n_kept + 1);
    own.offsets.resize(block.n_ends + 1);
    const std::size_t n_offsets = translate(block, ids, ends, translations[static_cast<std::size_t>(block.dialect)],
                                            own.translated.data(), own.offsets.data());
    const std::size_t ids_bytes = block.n_kept * kIdBytes, offsets_bytes = n_offsets * kOffsetBytes;
    const Offset sentence = block.first_sentence + 1;
    if (spilled()) {
      ids_out->write_at(own.translated.data(), ids_bytes, block.first_id * static_cast<Offset>(kIdBytes));
      offsets_out->write_at(own.offsets.data(), offsets_bytes, sentence * static_cast<Offset>(kOffsetBytes));
    } else {
      std::memcpy(result.ids.as<WordId>() + block.first_id, own.translated.data(), ids_bytes);
      std::memcpy(result.offsets.as<Offset>() + sentence, own.offsets.data(), offsets_bytes);
    }
    block.ids = Pages();
    block.ends = Pages();
    control.advance(block.n_tokens);
  });
  if (spilled()) {
    result.ids = Pages::of_file(*ids_out, result.n_tokens * kIdBytes);
    result.offsets = Pages::of_file(*offsets_out, (result.n_sentences + 1) * kOffsetBytes);
  }
  blocks_.clear();
  return result;
}

}  // namespace fastqwem::text
