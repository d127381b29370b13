#include "vectors/binary_rows.h"

#include <algorithm>
#include <cstring>

namespace fastqwem {

BinaryRows read_binary_rows(std::string_view text, std::size_t begin, std::size_t size, std::size_t limit,
                            std::size_t longest) {
  BinaryRows rows;
  const std::size_t width = size * sizeof(float);
  const std::size_t possible = std::min(limit, (text.size() - begin) / (width + 1));
  rows.words.reserve(2 * possible);
  rows.values.resize(possible * size);
  std::size_t at = begin;
  for (std::size_t n = 0;; ++n) {
    rows.next = at;
    if (n == limit) break;
    const std::size_t reach = std::min(text.size() - at, longest);
    const void* blank = std::memchr(text.data() + at, ' ', reach);
    if (blank == nullptr) {
      rows.missing = reach < longest ? 1 : 0;
      break;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(blank) - text.data());
    if (text.size() - end - 1 < width) {
      rows.missing = width - (text.size() - end - 1);
      break;
    }
    while (text[at] == '\n') ++at;
    rows.words.push_back(static_cast<std::int64_t>(at));
    rows.words.push_back(static_cast<std::int64_t>(end));
    if (width != 0) std::memcpy(rows.values.data() + n * size, text.data() + end + 1, width);
    at = end + 1 + width;
  }
  rows.values.resize(rows.words.size() / 2 * size);
  return rows;
}

}  // namespace fastqwem
