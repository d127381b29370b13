// What memory=... still allows, shared by all workers.
//
// Hash tables and buffers cannot be spilled: charging them beyond the limit is an error. Encoded ids can:
// their store asks leaves_room() after every block and moves to disk when the answer is no.
#pragma once

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace fastqwem::text {

class Budget {
 public:
  // `limit` in bytes, 0 for none.
  explicit Budget(std::uint64_t limit) : limit_(limit) {}

  void charge(std::uint64_t bytes) {
    const std::uint64_t used = fixed_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (limit_ != 0 && used > limit_) {
      throw std::invalid_argument("memory must hold the vocabulary's tables and the buffers, which take at least " +
                                  std::to_string(used) + " bytes (fewer workers need less), got " +
                                  std::to_string(limit_));
    }
  }
  void release(std::uint64_t bytes) { fixed_.fetch_sub(bytes, std::memory_order_relaxed); }
  bool leaves_room(std::uint64_t bytes) const {
    return limit_ == 0 || fixed_.load(std::memory_order_relaxed) + bytes <= limit_;
  }

 private:
  std::uint64_t limit_;
  std::atomic<std::uint64_t> fixed_{0};
};

}  // namespace fastqwem::text
