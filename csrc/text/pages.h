// Memory that goes back to the system the moment it is let go.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/file.h"

namespace fastqwem::text {

// A move-only run of bytes: malloc for small ones, pages of their own for large ones. Freed pages leave the
// process at once (malloc may keep them), so that memory=... is also what the system sees.
class Pages {
 public:
  Pages() = default;
  explicit Pages(std::size_t bytes);
  // The first `bytes` of a file, read-only; the file may be closed and unlinked afterwards.
  static Pages of_file(const File& file, std::size_t bytes);
  Pages(Pages&& other) noexcept { swap(other); }
  Pages& operator=(Pages&& other) noexcept {
    Pages gone(static_cast<Pages&&>(other));
    swap(gone);
    return *this;
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();

  template <class T>
  T* as() {
    return static_cast<T*>(data_);
  }
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data_);
  }
  std::size_t size() const { return size_; }
  // Keep only the first `bytes`.
  void shrink(std::size_t bytes);
  // Lets what is mapped from a file leave memory until it is touched again.
  void let_go() const;

 private:
  void swap(Pages& other) noexcept;

  void* data_ = nullptr;
  std::size_t size_ = 0;    // what the owner asked for
  std::size_t mapped_ = 0;  // what munmap must be told; 0 when malloc made it
  bool of_file_ = false;
};

}  // namespace fastqwem::text
