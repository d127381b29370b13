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

// Lets pages of a read-only mapped file leave memory; they come back from the file when touched. Only for such
// maps: other memory would lose what it holds.
void release_mapped(const void* begin, const void* end);

}  // namespace fastqwem
