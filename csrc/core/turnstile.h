// Gives items their places one behind the other in the order of their numbers, whoever finishes first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/control.h"

namespace fastqwem {

class Turnstile {
 public:
  // Waits for the turn of `item` and returns the sum of the sizes before it. Every item must come once; those of
  // parallel_for do not wait for each other for ever, since they are handed out in order.
  std::int64_t claim(std::size_t item, std::int64_t size, const Control& control) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!turned_.wait_for(lock, std::chrono::milliseconds(20), [&] { return next_ == item; })) control.check();
    const std::int64_t at = total_;
    total_ += size;
    ++next_;
    turned_.notify_all();
    return at;
  }

 private:
  std::mutex mutex_;
  std::condition_variable turned_;
  std::size_t next_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace fastqwem
