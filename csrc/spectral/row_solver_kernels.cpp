// One body, four instruction sets; the processor at hand decides at run time.
#include "spectral/row_solver_kernels.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "simd/isa.h"
#include "simd/shuffle.h"

namespace fastqwem {
namespace {

#define FQ_WITH_VNNI
#define FQ_BODY "spectral/row_solver_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

const RowSolverKernels& row_solver_kernels() { return FQ_ACTIVE(kKernels); }

}  // namespace fastqwem
