// One body, three instruction sets; the processor at hand decides at run time.
#include "training/block_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/counter_random.h"
#include "simd/isa.h"

// A vector type wider than the baseline's registers is only ever used inside this file, by inlined functions,
// so the changed calling convention that GCC warns about never shows.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

// Hogwild (Niu, Recht, Re, Wright 2011): threads read and write rows of the shared matrices without locks, so an
// update may be lost or seen in part. This is by design, happens in the functions marked so and nowhere else, and
// the marker keeps ThreadSanitizer quiet about them alone.
#define FQ_HOGWILD __attribute__((no_sanitize("thread")))

#if defined(__clang__)
#define FQ_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define FQ_UNROLL _Pragma("unroll")
#else
#define FQ_UNROLL _Pragma("GCC unroll 16")
#define FQ_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, VI{__VA_ARGS__})
#endif

namespace fastqwem {
namespace {

namespace baseline {
#define FQ_LANES 4
#include "training/block_kernels.inc"
#undef FQ_LANES
}  // namespace baseline

#if defined(__x86_64__)
#include "simd/begin_avx2.h"
namespace avx2 {
#define FQ_LANES 8
#include "training/block_kernels.inc"
#undef FQ_LANES
}  // namespace avx2
#include "simd/end_isa.h"

#include "simd/begin_avx512.h"
namespace avx512 {
#define FQ_LANES 16
#include "training/block_kernels.inc"
#undef FQ_LANES
}  // namespace avx512
#include "simd/end_isa.h"
#endif

}  // namespace

const BlockKernels& block_kernels() {
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
