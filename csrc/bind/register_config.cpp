// How this build was made and what it runs on.
#include "bind/registers.h"
#include "simd/isa.h"

namespace py = pybind11;

namespace fastqwem {

void register_config(py::module_& m) {
  m.def("active_isa", [] { return isa_name(active_isa()); }, "Name of the instruction set in use.");
  m.def(
      "available_isas",
      [] {
        py::list names;
        for (const Isa isa : available_isas()) names.append(isa_name(isa));
        return names;
      },
      "Names of the instruction sets that this processor runs, weakest first.");
  m.def("force_isa", &force_isa, py::arg("name"), "Use one instruction set by name; '' for the best.");
  m.attr("build_mode") = FQ_BUILD_MODE;
#if defined(__clang__)
  m.attr("compiler") = "clang " __clang_version__;
#else
  m.attr("compiler") = "gcc " __VERSION__;
#endif
}

}  // namespace fastqwem
