// Bytes to provisional ids: one block of text, one worker's table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "text/block_store.h"
#include "text/word_table.h"

namespace fastqwem::text {

constexpr std::size_t kPadding = 64;                         // readable bytes required behind a text
constexpr std::size_t kMaxToken = std::size_t{1} << 20;      // longer "words" are an error
constexpr std::size_t kMaxBlock = std::size_t{1} << 30;      // places in a block are 32-bit

// The text is at fault, `at` bytes behind the start of the block; whoever knows the file says the rest.
struct BadText {
  enum class Kind { not_utf8, long_token } kind;
  std::size_t at;
};

inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Encodes text[0, size), which starts and ends at token borders; kPadding bytes behind it must be readable, their
// values do not matter. With `learn`, unseen words join the table and words are counted; otherwise unseen words
// get the id -1 and the table is only read (many threads may then share it). Throws BadText.
Block tokenise(const char* text, std::size_t size, WordTable& table, bool learn);

}  // namespace fastqwem::text
