#include "bind/run.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace py = pybind11;

namespace fastqwem {

void run_interruptible(const py::object& progress, const std::function<void(Control&)>& job) {
  Control control;
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  std::exception_ptr failure;
  std::optional<py::error_already_set> raised;  // created and destroyed with the GIL held

  std::thread thread([&] {
    try {
      job(control);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(mutex);
    done = true;
    finished.notify_one();
  });

  auto poll = [&] {
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!progress.is_none()) progress(control.done(), control.total());
    } catch (py::error_already_set& error) {
      raised.emplace(std::move(error));
      control.request_stop();
    }
  };

  {
    py::gil_scoped_release release;
    std::unique_lock<std::mutex> lock(mutex);
    while (!finished.wait_for(lock, std::chrono::milliseconds(50), [&] { return done; })) {
      if (control.stopped()) continue;
      lock.unlock();
      {
        py::gil_scoped_acquire acquire;
        poll();
      }
      lock.lock();
    }
    lock.unlock();
    thread.join();
  }
  if (raised) throw std::move(*raised);
  if (failure) std::rethrow_exception(failure);
  poll();  // the last tick, so that a bar ends at 100 %
  if (raised) throw std::move(*raised);
}

}  // namespace fastqwem
