// C++ exceptions to Python's: IoError -> OSError with errno and filename, CorpusError -> fastqwem.errors.
#include "bind/registers.h"
#include "core/control.h"
#include "core/errors.h"

namespace py = pybind11;

namespace fastqwem {

void register_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const IoError& error) {
      const py::object type = py::reinterpret_borrow<py::object>(PyExc_OSError);
      const py::object path = py::module_::import("os").attr("fsdecode")(py::bytes(error.path()));
      PyErr_SetObject(PyExc_OSError, type(error.code(), std::strerror(error.code()), path).ptr());
    } catch (const CorpusError& error) {
      const py::object type = py::module_::import("fastqwem.errors").attr("CorpusError");
      PyErr_SetString(type.ptr(), error.what());
    } catch (const Stopped&) {
      PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
  });
}

}  // namespace fastqwem
