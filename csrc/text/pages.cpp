#include "text/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "core/errors.h"

namespace fastqwem::text {
namespace {

// Below this a mapping of its own wastes more than it returns, and thousands of small files would need
// more mappings than the system allows.
constexpr std::size_t kSmall = std::size_t{1} << 17;

std::size_t whole_pages(std::size_t bytes) {
  static const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

Pages::Pages(std::size_t bytes) : size_(bytes) {
  if (bytes < kSmall) {
    data_ = std::malloc(bytes ? bytes : 1);
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  mapped_ = whole_pages(bytes);
  data_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw std::bad_alloc();
  }
}

Pages Pages::of_file(int fd, std::size_t bytes) {
  if (bytes == 0) return Pages(0);
  Pages pages;
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  pages.data_ = data;
  pages.size_ = bytes;
  pages.mapped_ = whole_pages(bytes);
  return pages;
}

Pages::~Pages() {
  if (mapped_ != 0) {
    munmap(data_, mapped_);
  } else {
    std::free(data_);
  }
}

void Pages::swap(Pages& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
}

void Pages::shrink(std::size_t bytes) {
  if (bytes >= size_) return;
  if (mapped_ == 0) {
    if (void* data = std::realloc(data_, bytes ? bytes : 1)) data_ = data;
  } else {
    const std::size_t keep = whole_pages(bytes ? bytes : 1);
    if (keep < mapped_) munmap(static_cast<char*>(data_) + keep, mapped_ - keep);
    mapped_ = keep;
  }
  size_ = bytes;
}

ScratchFile::ScratchFile(const std::string& folder) : folder_(folder) {
  const std::string pattern = folder + "/fastqwem-XXXXXX";
  std::vector<char> path(pattern.begin(), pattern.end());
  path.push_back('\0');
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) throw IoError(errno, folder);
  unlink(path.data());
}

ScratchFile::~ScratchFile() {
  if (fd_ >= 0) close(fd_);
}

void ScratchFile::write(const void* data, std::size_t bytes, std::int64_t at) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = pwrite(fd_, from, bytes, at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw IoError(written < 0 ? errno : ENOSPC, folder_);
    from += written;
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void ScratchFile::read(void* data, std::size_t bytes, std::int64_t at) const {
  char* to = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = pread(fd_, to, bytes, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw IoError(got < 0 ? errno : EIO, folder_);
    to += got;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace fastqwem::text
