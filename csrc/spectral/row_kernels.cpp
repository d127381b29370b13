// One body, three instruction sets; the processor at hand decides at run time.
#include "spectral/row_kernels.h"

#include <cmath>
#include <type_traits>

#include "simd/isa.h"

// A vector type wider than the baseline's registers is only ever used inside this file, by inlined functions,
// so the changed calling convention that GCC warns about never shows.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace fastqwem {
namespace {

namespace baseline {
#define FQ_LANES 4
#include "spectral/row_kernels.inc"
#undef FQ_LANES
}  // namespace baseline

#if defined(__x86_64__)
#include "simd/begin_avx2.h"
namespace avx2 {
#define FQ_LANES 8
#include "spectral/row_kernels.inc"
#undef FQ_LANES
}  // namespace avx2
#include "simd/end_isa.h"

#include "simd/begin_avx512.h"
namespace avx512 {
#define FQ_LANES 16
#include "spectral/row_kernels.inc"
#undef FQ_LANES
}  // namespace avx512
#include "simd/end_isa.h"
#endif

}  // namespace

const RowKernels& row_kernels() {
#if defined(__x86_64__)
  switch (active_isa()) {
    case Isa::avx512:
      return avx512::kKernels;
    case Isa::avx2:
      return avx2::kKernels;
    case Isa::baseline:
      break;
  }
#endif
  return baseline::kKernels;
}

}  // namespace fastqwem
