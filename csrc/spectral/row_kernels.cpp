// One body, three instruction sets; the processor at hand decides at run time.
#include "spectral/row_kernels.h"

#include <cmath>
#include <type_traits>

#include "simd/isa.h"

namespace fastqwem {
namespace {

#define FQ_BODY "spectral/row_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

const RowKernels& row_kernels() { return FQ_ACTIVE(kKernels); }

}  // namespace fastqwem
