#include "text/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <utility>

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

Pages Pages::of_file(const File& file, std::size_t bytes) {
  if (bytes == 0) return Pages(0);
  Pages pages;
  pages.data_ = const_cast<void*>(file.map(bytes));
  pages.size_ = bytes;
  pages.mapped_ = whole_pages(bytes);
  pages.of_file_ = true;
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
  std::swap(of_file_, other.of_file_);
}

void Pages::let_go() const {
  if (of_file_) madvise(data_, mapped_, MADV_DONTNEED);
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

}  // namespace fastqwem::text
