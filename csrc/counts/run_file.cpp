#include "counts/run_file.h"

#include <algorithm>
#include <stdexcept>

namespace fastqwem {
namespace {

constexpr std::size_t kLongest = 10;  // bytes of one 64-bit integer

std::uint8_t* put(std::uint8_t* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

template <class Count>
std::size_t encode(const RowBuffer& buffer, const Count* counts, std::vector<std::uint8_t>& out) {
  const std::size_t room = buffer.row_sizes.size() * kLongest + buffer.size() * 2 * kLongest;
  if (out.size() < room) out.resize(room);
  std::uint8_t* to = out.data();
  const WordId* columns = buffer.all_columns();
  for (const Offset size : buffer.row_sizes) {
    to = put(to, static_cast<std::uint64_t>(size));
    WordId previous = 0;
    for (const WordId* const end = columns + size; columns != end; ++columns, ++counts) {
      to = put(to, static_cast<std::uint64_t>(*columns - previous));
      to = put(to, *counts);
      previous = *columns;
    }
  }
  return static_cast<std::size_t>(to - out.data());
}

}  // namespace

void RunWriter::write(std::size_t group_number, const RowGroup& group, const RowBuffer& buffer,
                      std::vector<std::uint8_t>& scratch, const Control& control) {
  const std::size_t bytes =
      group.wide ? encode(buffer, buffer.wide(), scratch) : encode(buffer, buffer.narrow(), scratch);
  const Offset at = turnstile_.claim(group_number, static_cast<Offset>(bytes), control);
  file_.write_at(scratch.data(), bytes, at);
  table_.starts[group_number + 1] = at + static_cast<Offset>(bytes);
  table_.nonzeros[group_number] = static_cast<Offset>(buffer.size());
  table_.largest[group_number] = static_cast<Offset>(buffer.largest(group.wide));
}

std::uint64_t BlockReader::next() {
  std::uint64_t value = 0;
  for (int shift = 0; at_ != end_ && shift < 64; shift += 7) {
    const std::uint8_t byte = *at_++;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  refuse();
}

void BlockReader::refuse() const { throw std::runtime_error(*path_ + ": a damaged run of counts"); }

}  // namespace fastqwem
