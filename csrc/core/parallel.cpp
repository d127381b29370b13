#include "core/parallel.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace fastqwem {

void run_workers(int n_workers, Control& control, const std::function<void(int worker)>& body) {
  std::mutex mutex;
  std::exception_ptr first;
  auto guarded = [&](int worker) {
    try {
      body(worker);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!first) first = std::current_exception();
      control.request_stop();
    }
  };
  std::vector<std::thread> threads;
  try {
    threads.reserve(static_cast<std::size_t>(n_workers));
    for (int worker = 1; worker < n_workers; ++worker) threads.emplace_back(guarded, worker);
  } catch (...) {  // the system refuses another thread: go on with those there are
    if (threads.empty() && n_workers < 1) throw;
  }
  guarded(0);
  for (auto& thread : threads) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace fastqwem
