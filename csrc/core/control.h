// What a long job and the thread that waits for it say to each other: "stop", and "so much is done".
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

namespace fastqwem {

// Thrown inside workers when the caller has asked them to stop; the binding turns it into the Python
// exception that asked (KeyboardInterrupt, or whatever the progress callback raised).
struct Stopped : std::exception {
  const char* what() const noexcept override { return "stopped"; }
};

class Control {
 public:
  void request_stop() { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }
  // Workers call this about every millisecond of work (a block, a row), never per token.
  void check() const {
    if (stopped()) throw Stopped();
  }
  void set_total(std::uint64_t total) { total_.store(total, std::memory_order_relaxed); }
  void advance(std::uint64_t amount) { done_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }
  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace fastqwem
