// Long jobs under Python: the GIL is dropped, signals and progress are polled, Ctrl-C stops the job.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>

#include "core/control.h"

namespace fastqwem {

// Runs job(control) on a thread of its own while the calling thread, every 50 ms, handles signals and calls
// progress(done, total) (None: no calls). Whatever a signal handler or the callback raises stops the job and
// is raised after it has ended; otherwise what the job threw is raised. Call with the GIL held and with all
// arguments already converted; the job must not touch Python.
void run_interruptible(const pybind11::object& progress, const std::function<void(Control&)>& job);

}  // namespace fastqwem
