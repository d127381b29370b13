// Vectors as word2vec's binary files hold them: a word, a blank, float32 numbers, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fastqwem {

struct BinaryRows {
  std::vector<std::int64_t> words;  // begin and end of each word, in the text; newlines before a word are left out
  std::vector<float> values;        // n x size
  std::size_t next = 0;             // the first byte that was not read
  std::size_t missing = 0;          // how many bytes at least the text lacks for another word
};

// Reads at most `limit` words from `begin` on, as far as the text goes. A word longer than `longest` is none: then
// nothing is missing.
BinaryRows read_binary_rows(std::string_view text, std::size_t begin, std::size_t size, std::size_t limit,
                            std::size_t longest);

}  // namespace fastqwem
