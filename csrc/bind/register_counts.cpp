#include "bind/registers.h"

namespace fastqwem {

void register_counts(pybind11::module_&) {}

}  // namespace fastqwem
