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

void BlockReader::start(const Run& run, const File* file, std::size_t group_number, std::size_t buffer_bytes) {
  run_ = &run;
  file_ = file;
  place_ = run.base + run.starts[group_number];
  left_ = static_cast<std::size_t>(run.starts[group_number + 1] - run.starts[group_number]);
  const std::size_t size = std::min(left_, buffer_bytes);
  if (buffer_.size() < size) buffer_.resize(size);
  at_ = end_ = buffer_.data();
}

void BlockReader::fill() {
  if (left_ == 0) refuse();
  const std::size_t bytes = std::min(left_, buffer_.size());
  if (file_ != nullptr) {
    file_->read_at(buffer_.data(), bytes, place_);
  } else {
    File(run_->path, File::Mode::read).read_at(buffer_.data(), bytes, place_);
  }
  at_ = buffer_.data();
  end_ = at_ + bytes;
  place_ += static_cast<Offset>(bytes);
  left_ -= bytes;
}

void BlockReader::refuse() const { throw std::runtime_error(run_->path + ": a damaged run of counts"); }

}  // namespace fastqwem
