// A run: the counts of one stretch of a corpus on disk, one block of bytes for every group of rows.
//
// A block holds, for every row of its group, the number of nonzeros, then for each the distance from the
// previous column and the count, all as variable-length integers (7 bits a byte, low first): 2.5 to 3.5 bytes a
// nonzero on text. Blocks stand in the order of their rows, so a range of rows is a range of bytes, and the same
// stretch makes the same bytes whoever counts it. Where they are is the caller's to keep: a RunTable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/turnstile.h"
#include "counts/row_groups.h"

namespace fastqwem {

struct RunTable {
  explicit RunTable(std::size_t n_groups) : starts(n_groups + 1, 0), nonzeros(n_groups, 0), largest(n_groups, 0) {}
  std::vector<Offset> starts;  // bytes of block g: [starts[g], starts[g + 1])
  std::vector<Offset> nonzeros;
  std::vector<Offset> largest;  // the largest count of a block
};

class RunWriter {
 public:
  RunWriter(const std::string& path, std::size_t n_groups) : file_(path, File::Mode::create), table_(n_groups) {}

  // Encodes into `scratch` and writes; from several threads, each its own groups, handed out in ascending order.
  void write(std::size_t group_number, const RowGroup& group, const RowBuffer& buffer,
             std::vector<std::uint8_t>& scratch, const Control& control);
  const RunTable& table() const { return table_; }

 private:
  File file_;
  Turnstile turnstile_;
  RunTable table_;
};

// One run as the merge sees it. The arrays are the caller's.
struct Run {
  std::string path;
  Offset base;  // where the blocks begin in the file
  const Offset* starts;
  const Offset* nonzeros;
  const Offset* largest;
};

// Reads the integers of a block one after another, from a buffer that is filled again where it ends. Throws
// std::runtime_error where the block ends too early.
class BlockReader {
 public:
  // `file` must outlive the block, or be null: then the run is opened whenever bytes are needed.
  void start(const Run& run, const File* file, std::size_t group_number, std::size_t buffer_bytes);
  std::uint64_t next() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) fill();
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }
  bool at_end() const { return at_ == end_ && left_ == 0; }
  [[noreturn]] void refuse() const;

 private:
  void fill();

  const Run* run_ = nullptr;
  const File* file_ = nullptr;
  Offset place_ = 0;      // in the file, of the first byte that is not in the buffer
  std::size_t left_ = 0;  // bytes of the block from there on
  std::vector<std::uint8_t> buffer_;
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
};

}  // namespace fastqwem
