#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "core/errors.h"

namespace fastqwem {

File::File(const std::string& path, Mode mode) : path_(path) {
  const int flags = mode == Mode::read ? O_RDONLY : O_RDWR | O_CREAT | O_TRUNC;
  do {
    descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw IoError(errno, path_);
}

File File::scratch(const std::string& folder) {
  const std::string pattern = folder + "/fastqwem-XXXXXX";
  std::vector<char> path(pattern.begin(), pattern.end());
  path.push_back('\0');
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) throw IoError(errno, folder);
  ::unlink(path.data());
  return File(folder, descriptor);
}

File::File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void File::write_at(const void* data, std::size_t bytes, std::int64_t offset) const {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::pwrite(descriptor_, from, bytes, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw IoError(written < 0 ? errno : ENOSPC, path_);
    from += written;
    bytes -= static_cast<std::size_t>(written);
    offset += written;
  }
}

std::size_t File::read_some(void* data, std::size_t bytes, std::int64_t offset) const {
  char* to = static_cast<char*>(data);
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got = ::pread(descriptor_, to + filled, bytes - filled, offset + static_cast<std::int64_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(errno, path_);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

void File::read_at(void* data, std::size_t bytes, std::int64_t offset) const {
  if (read_some(data, bytes, offset) < bytes) throw IoError(EIO, path_);
}

const void* File::map(std::size_t bytes) const {
  void* const data = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (data == MAP_FAILED) throw IoError(errno, path_);
  return data;
}

namespace {

constexpr std::uintptr_t kMappedAlong = 1 << 16;  // Linux's fault-around, unless somebody changed it

std::uintptr_t down(const void* at, std::uintptr_t step) { return reinterpret_cast<std::uintptr_t>(at) / step * step; }

std::uintptr_t up(const void* at, std::uintptr_t step) {
  return (reinterpret_cast<std::uintptr_t>(at) + step - 1) / step * step;
}

std::uintptr_t page_size() { return static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)); }

void advise(std::uintptr_t first, std::uintptr_t last, int advice) {
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, advice);
}

}  // namespace

void release_mapped(const void* begin, const void* end) {
  advise(up(begin, page_size()), down(end, page_size()), MADV_DONTNEED);
}

void release_piece(const void* first, const void* last, const void* begin, const void* end) {
  const std::uintptr_t page = page_size(), step = std::max(page, kMappedAlong);
  advise(std::max(down(first, page), down(begin, step)), std::min(up(last, page), up(end, step)), MADV_DONTNEED);
}

void read_mapped_ahead(const void* begin, const void* end) {
  advise(down(begin, page_size()), up(end, page_size()), MADV_WILLNEED);
}

}  // namespace fastqwem
