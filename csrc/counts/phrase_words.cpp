#include "counts/phrase_words.h"

#include <limits>
#include <stdexcept>
#include <utility>

namespace fastqwem {

TextHash hash_text(std::string_view text) {
  constexpr std::uint64_t kBase = 0x0b1e9f3a5c7d2e49u;  // any number from 257 to 2^61 - 2
  TextHash hash;
  for (const char c : text) {
    hash.value = add_hashes(multiply_hashes(hash.value, kBase), static_cast<unsigned char>(c) + 1);
    hash.power = multiply_hashes(hash.power, kBase);
  }
  return hash;
}

PhraseWords::PhraseWords(std::string delimiter)
    : delimiter_(std::move(delimiter)), delimiter_hash_(hash_text(delimiter_)) {}

void PhraseWords::add(std::string_view word, bool connector) {
  if (infos_.size() >= static_cast<std::size_t>(std::numeric_limits<WordId>::max())) {
    throw std::length_error("more than 2^31 - 1 different words");
  }
  bytes_.insert(bytes_.end(), word.begin(), word.end());
  const bool clean = word.find_first_of(delimiter_) == std::string_view::npos;
  infos_.push_back({hash_text(word), bytes_.size(), connector, clean});
}

std::string_view PhraseWords::text(WordId id) const {
  const std::size_t i = static_cast<std::size_t>(id);
  const std::uint64_t begin = i == 0 ? 0 : infos_[i - 1].end;
  return {bytes_.data() + begin, infos_[i].end - begin};
}

}  // namespace fastqwem
