// A file descriptor that closes itself, with reads and writes that are whole or throw IoError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fastqwem {

class File {
 public:
  enum class Mode { read, create };
  File(const std::string& path, Mode mode);
  ~File();
  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;

  // Safe to call from several threads at once.
  void write_at(const void* data, std::size_t bytes, std::int64_t offset) const;
  void read_at(void* data, std::size_t bytes, std::int64_t offset) const;

 private:
  std::string path_;
  int descriptor_;
};

// Tells the system that these pages will not be needed soon. Never loses data, whatever kind of memory it is:
// pages of a mapped file leave memory, others stay.
void release_pages(const void* begin, const void* end);

}  // namespace fastqwem
