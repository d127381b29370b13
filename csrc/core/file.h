// A file descriptor that closes itself, with reads and writes that are whole or throw IoError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace fastqwem {

class File {
 public:
  enum class Mode { read, create };
  File(const std::string& path, Mode mode);
  // A new file without a name: unlinked at birth, so nothing is left behind however the process ends. Its errors
  // name the folder.
  static File scratch(const std::string& folder);
  ~File();
  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;

  // Safe to call from several threads at once.
  void write_at(const void* data, std::size_t bytes, std::int64_t offset) const;
  void read_at(void* data, std::size_t bytes, std::int64_t offset) const;
  // Reads until the end of the file at most; returns how many bytes there were.
  std::size_t read_some(void* data, std::size_t bytes, std::int64_t offset) const;
  // Maps the first `bytes` read-only; the map outlives this object, and munmap ends it.
  const void* map(std::size_t bytes) const;

 private:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

// Lets pages of a mapped file leave memory; they come back from the file when touched. Only for maps that are read-only
// or shared: other memory would lose what it holds.
void release_mapped(const void* begin, const void* end);
// The same for a piece [begin, end) of an array [first, last) that is mapped, with the pages beside the piece that the
// system mapped along when it was read.
void release_piece(const void* first, const void* last, const void* begin, const void* end);
// Has the system read a piece of a mapped file before it is touched.
void read_mapped_ahead(const void* begin, const void* end);

}  // namespace fastqwem
