#include "bind/registers.h"

namespace fastqwem {

void register_spectral(pybind11::module_&) {}

}  // namespace fastqwem
