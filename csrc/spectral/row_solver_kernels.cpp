// One body, three instruction sets; the processor at hand decides at run time.
#include "spectral/row_solver_kernels.h"

#include "simd/isa.h"

namespace fastqwem {
namespace {

#define FQ_BODY "spectral/row_solver_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

const RowSolverKernels& row_solver_kernels() { return FQ_ACTIVE(kKernels); }

}  // namespace fastqwem
