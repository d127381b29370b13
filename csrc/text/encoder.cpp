// The Encoder's reading half; see vocabulary.cpp for merge, rank and finish.
//
// A plain file is cut into ranges of `block` bytes, handed out in order. A range owns the tokens and line ends that
// START in it: its worker skips a token that began before it and reads past its end to finish its last one. So a cut
// may fall anywhere, also inside an endless line, and the store joins what belongs together. Ranges are read with
// pread into the worker's buffer rather than mapped: a copy costs 0.1 ns per byte, a mapping would raise the resident
// set to the size of the file and turn a file that shrinks meanwhile into a SIGBUS.
#include "text/encoder.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/parallel.h"

namespace fastqwem::text {
namespace {

constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
constexpr std::size_t kMark = 3;
constexpr std::size_t kMoreBytes = 4096;  // how much is read at a time to finish the last token

[[noreturn]] void throw_bad_text(const BadText& bad, const std::string& name, std::uint64_t start) {
  const std::string where = name + ": at byte " + std::to_string(start + bad.at);
  if (bad.kind == BadText::Kind::not_utf8) {
    throw CorpusError(where + ": not UTF-8 (convert the text first, for example with iconv)");
  }
  throw CorpusError(where + ": a token longer than " + std::to_string(kMaxToken) + " bytes; is this text?");
}

// Appends bytes [at, at + size) of a file to the buffer.
void append(std::vector<char>& buffer, const File& file, const std::string& path, std::uint64_t at, std::size_t size) {
  const std::size_t filled = buffer.size();
  buffer.resize(filled + size);
  if (file.read_some(buffer.data() + filled, size, static_cast<std::int64_t>(at)) < size) {
    throw CorpusError(path + ": became shorter while it was read");
  }
}

std::size_t first_space(const std::vector<char>& text, std::size_t from, std::size_t to) {
  while (from < to && !is_space(text[from])) ++from;
  return from;
}

std::size_t behind_last_space(const std::vector<char>& text, std::size_t size) {
  while (size > 0 && !is_space(text[size - 1])) --size;
  return size;
}

}  // namespace

struct Encoder::Piece {
  std::size_t file;
  std::int64_t sequence;
  std::uint64_t start, end;
};

// Keeps the failure that comes first in the text, whichever worker met one first: pieces are handed out in order,
// so when one fails those before it are already taken, and only later ones need not be read.
class Encoder::Failures {
 public:
  bool before(std::size_t piece) const { return first_.load(std::memory_order_relaxed) < piece; }
  void note(std::size_t piece) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (piece >= first_.load(std::memory_order_relaxed)) return;
    first_.store(piece, std::memory_order_relaxed);
    error_ = std::current_exception();
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::atomic<std::size_t> first_{std::numeric_limits<std::size_t>::max()};
  std::exception_ptr error_;
};

Encoder::Encoder(const EncoderOptions& options)
    : options_(options), budget_(options.memory), store_(budget_, options.scratch) {
  // Per worker: the text of a block and, at worst, an id for every second byte of it.
  budget_.charge(static_cast<std::uint64_t>(options.workers) * options.block * 3);
  for (int i = 0; i < options.workers; ++i) tables_.emplace_back(budget_);
}

Encoder::Encoder(const EncoderOptions& options, const std::vector<std::string_view>& vocabulary)
    : options_(options), budget_(options.memory), learn_(false), store_(budget_, options.scratch) {
  budget_.charge(static_cast<std::uint64_t>(options.workers) * options.block * 3);
  tables_.emplace_back(budget_);
  std::string padded;
  for (const std::string_view word : vocabulary) {
    padded.assign(word).append(kReadPast, '\0');
    const WordKey key = make_key(padded.data(), word.size());
    if (tables_[0].find(key, padded.data(), word.size())) throw std::invalid_argument("vocab holds a word twice");
    tables_[0].insert(key, padded.data(), word.size());
  }
}

void Encoder::encode_files(const std::vector<TextFile>& files, Control& control) {
  std::vector<Piece> pieces;
  std::uint64_t total = 0;
  for (std::size_t f = 0; f < files.size(); ++f) {
    std::int64_t sequence = 0;
    for (std::uint64_t at = 0; at < files[f].size; at += options_.block) {
      pieces.push_back({f, sequence++, at, std::min<std::uint64_t>(at + options_.block, files[f].size)});
    }
    total += files[f].size;
  }
  control.set_total(total);
  Failures failures;
  std::vector<std::vector<char>> buffers(static_cast<std::size_t>(options_.workers));
  parallel_for(options_.workers, pieces.size(), control, [&](std::size_t i, int worker) {
    if (failures.before(i)) return;
    try {
      encode_piece(files[pieces[i].file], pieces[i], worker, buffers[static_cast<std::size_t>(worker)]);
    } catch (...) {
      failures.note(i);
    }
    control.advance(pieces[i].end - pieces[i].start);
  });
  failures.rethrow();
}

void Encoder::encode_piece(const TextFile& text, const Piece& piece, int worker, std::vector<char>& buffer) {
  const File file(text.path, File::Mode::read);
  const std::uint64_t from = piece.start - (piece.start > 0);  // the byte before tells whether a token runs in
  buffer.clear();
  buffer.reserve(static_cast<std::size_t>(piece.end - from) + kMoreBytes + kPadding);
  append(buffer, file, text.path, from, static_cast<std::size_t>(piece.end - from));

  std::size_t begin = piece.start > 0 ? first_space(buffer, 0, buffer.size()) : 0, end = buffer.size();
  if (begin == end) return;  // all of it belongs to a token of an earlier piece
  for (std::uint64_t at = piece.end; end == buffer.size() && !is_space(buffer[end - 1]) && at < text.size;) {
    const std::size_t token = behind_last_space(buffer, piece.end - from);
    if (buffer.size() - token > kMaxToken) throw_bad_text({BadText::Kind::long_token, token}, text.path, from);
    const std::size_t more = static_cast<std::size_t>(std::min<std::uint64_t>(kMoreBytes, text.size - at));
    append(buffer, file, text.path, at, more);
    at += more;
    end = first_space(buffer, end, buffer.size());
  }
  if (piece.start == 0 && end >= kMark && std::equal(kByteOrderMark, kByteOrderMark + kMark, buffer.data())) {
    begin = kMark;
  }
  buffer.resize(buffer.size() + kPadding);
  try {
    WordTable& table = tables_[learn_ ? static_cast<std::size_t>(worker) : 0];
    Block block = tokenise(buffer.data() + begin, end - begin, table, learn_);
    block.source = text.source;
    block.sequence = piece.sequence;
    block.dialect = learn_ ? worker : 0;
    store_.add(std::move(block));
  } catch (const BadText& bad) {
    throw_bad_text(bad, text.path, from + begin);
  }
}

void Encoder::begin_stream(std::string name, std::int64_t source) {
  name_ = std::move(name);
  source_ = source;
  sequence_ = 0;
  position_ = 0;
  started_ = false;
  pending_.clear();
}

void Encoder::feed(std::string_view bytes) {
  if (bytes.size() > kMaxBlock / 2) throw std::invalid_argument("a chunk of text must be at most 512 MiB");
  const std::size_t before = pending_.size();
  pending_.reserve(before + bytes.size() + kPadding);
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (!started_) {
    if (pending_.size() < kMark) return;
    started_ = true;
    if (std::equal(kByteOrderMark, kByteOrderMark + kMark, pending_.data())) {
      pending_.erase(pending_.begin(), pending_.begin() + kMark);
      position_ += kMark;
    }
  }
  const std::size_t complete = behind_last_space(pending_, pending_.size());
  if (pending_.size() - complete > kMaxToken) {
    throw_bad_text({BadText::Kind::long_token, complete}, name_, position_);
  }
  encode_pending(complete);
}

void Encoder::end_stream() { encode_pending(pending_.size()); }

void Encoder::encode_pending(std::size_t size) {
  if (size == 0) return;
  const std::size_t filled = pending_.size();
  pending_.resize(filled + kPadding);
  try {
    Block block = tokenise(pending_.data(), size, tables_.front(), learn_);
    block.source = source_;
    block.sequence = sequence_++;
    store_.add(std::move(block));
  } catch (const BadText& bad) {
    throw_bad_text(bad, name_, position_);
  }
  pending_.resize(filled);
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(size));
  position_ += size;
}

}  // namespace fastqwem::text
