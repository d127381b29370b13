// The words that phrases are made of: their bytes, and a hash that is known for a joined text before the text is.
//
// hash(bytes) is a polynomial in its bytes modulo 2^61 - 1, so hash(a + b) = hash(a) * power(b) + hash(b), where
// power(b) is the base to the length of b. Texts of equal hash are compared byte by byte by whoever needs certainty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace fastqwem {

struct TextHash {
  std::uint64_t value = 0, power = 1;  // of the empty text
};

// a * b mod 2^61 - 1, for a and b below it: the high bits of the product weigh one.
inline std::uint64_t multiply_hashes(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  const std::uint64_t sum = (static_cast<std::uint64_t>(product) & kPrime) + static_cast<std::uint64_t>(product >> 61);
  return sum >= kPrime ? sum - kPrime : sum;
}

inline std::uint64_t add_hashes(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
  return a + b >= kPrime ? a + b - kPrime : a + b;
}

TextHash hash_text(std::string_view text);

inline TextHash join(const TextHash& left, const TextHash& right) {
  return {add_hashes(multiply_hashes(left.value, right.power), right.value), multiply_hashes(left.power, right.power)};
}

class PhraseWords {
 public:
  explicit PhraseWords(std::string delimiter);

  // The id of a new word is the number of words before it. A connector neither starts nor ends a phrase.
  void add(std::string_view word, bool connector);

  std::size_t size() const { return infos_.size(); }
  std::string_view text(WordId id) const;
  const TextHash& hash(WordId id) const { return infos_[static_cast<std::size_t>(id)].hash; }
  void prefetch(WordId id) const { __builtin_prefetch(&infos_[static_cast<std::size_t>(id)]); }
  bool connector(WordId id) const { return infos_[static_cast<std::size_t>(id)].connector; }
  // Whether the word shares no byte with the delimiter, so that a phrase can be split where it was joined.
  bool clean(WordId id) const { return infos_[static_cast<std::size_t>(id)].clean; }

  const std::string& delimiter() const { return delimiter_; }
  const TextHash& delimiter_hash() const { return delimiter_hash_; }

 private:
  struct Info {
    TextHash hash;
    std::uint64_t end;  // in bytes_
    bool connector, clean;
  };
  std::string delimiter_;
  TextHash delimiter_hash_;
  std::vector<char> bytes_;  // the words, one behind the other
  std::vector<Info> infos_;
};

}  // namespace fastqwem
