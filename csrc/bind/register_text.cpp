#include "bind/registers.h"

namespace fastqwem {

void register_text(pybind11::module_&) {}

}  // namespace fastqwem
