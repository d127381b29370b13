// Large uninitialised arrays, in 2 MB pages where the system gives them: fewer page faults and TLB misses.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fastqwem {

template <class T>
class HugeBuffer {
  static_assert(std::is_trivial_v<T>, "holds raw memory");

 public:
  HugeBuffer() = default;
  // Memory is touched, and so counted as resident, only when written.
  explicit HugeBuffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    constexpr std::size_t kHuge = std::size_t{1} << 21;
    const std::size_t bytes = size * sizeof(T);
    const std::size_t alignment = bytes >= kHuge ? kHuge : 64;
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!memory) throw std::bad_alloc();
#if defined(__linux__)
    if (alignment == kHuge) madvise(memory, (bytes + kHuge - 1) / kHuge * kHuge, MADV_HUGEPAGE);
#endif
    data_.reset(static_cast<T*>(memory));
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace fastqwem
