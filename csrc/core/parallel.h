// Worker threads: run, capture the first exception, stop the others, join, rethrow.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/control.h"

namespace fastqwem {

// Calls body(worker) on `n_workers` threads (the calling thread is worker 0). When one throws, the others
// are asked to stop through `control`; after all have joined the first exception is rethrown.
void run_workers(int n_workers, Control& control, const std::function<void(int worker)>& body);

// Calls body(item, worker) for every item in [0, n_items), handed out in ascending order to whoever is free.
template <class Body>
void parallel_for(int n_workers, std::size_t n_items, Control& control, Body&& body) {
  std::atomic<std::size_t> next{0};
  if (static_cast<std::size_t>(n_workers) > n_items) n_workers = n_items ? static_cast<int>(n_items) : 1;
  run_workers(n_workers, control, [&](int worker) {
    for (;;) {
      control.check();
      const std::size_t item = next.fetch_add(1, std::memory_order_relaxed);
      if (item >= n_items) return;
      body(item, worker);
    }
  });
}

// Calls body(first, last) for every kRowBlock rows of n_rows, the last of them fewer.
constexpr std::int64_t kRowBlock = 1 << 12;
template <class Body>
void for_row_blocks(std::int64_t n_rows, int n_workers, Control& control, Body&& body) {
  const auto n_items = static_cast<std::size_t>((n_rows + kRowBlock - 1) / kRowBlock);
  parallel_for(n_workers, n_items, control, [&](std::size_t item, int) {
    const std::int64_t first = static_cast<std::int64_t>(item) * kRowBlock;
    body(first, std::min(first + kRowBlock, n_rows));
  });
}

}  // namespace fastqwem
