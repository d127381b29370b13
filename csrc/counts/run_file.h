// A run: the counts of one stretch of the corpus on disk, one block of bytes for every row group.
//
// A block holds, for every row of its group, the number of nonzeros, then for each the distance from the
// previous column and the count, all as variable-length integers (7 bits a byte, low first): 2.5 to 3.5 bytes a
// nonzero on text. Blocks stand in the order in which workers finished them; the table of where is in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/file.h"
#include "counts/row_groups.h"

namespace fastqwem {

class RunFile {
 public:
  RunFile(const std::string& path, std::size_t n_groups);

  // Encodes into `scratch` and writes; from several threads, each its own groups.
  void write(std::size_t group_number, const RowGroup& group, const RowBuffer& buffer,
             std::vector<std::uint8_t>& scratch);
  void read(std::size_t group_number, std::vector<std::uint8_t>& block) const;

  std::int64_t bytes() const { return end_.load(); }
  std::uint64_t largest() const { return largest_.load(); }

 private:
  struct Block {
    std::int64_t at = 0;
    std::size_t bytes = 0;
  };
  File file_;
  std::vector<Block> blocks_;
  std::atomic<std::int64_t> end_{0};
  std::atomic<std::uint64_t> largest_{0};
};

// Reads the integers of a block one after another; blocks are our own and in memory, so only bounds are checked.
class BlockReader {
 public:
  explicit BlockReader(const std::vector<std::uint8_t>& block)
      : at_(block.data()), end_(block.data() + block.size()) {}
  std::uint64_t next();

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace fastqwem
