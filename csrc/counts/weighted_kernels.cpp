// One body, three instruction sets; the processor at hand decides at run time.
#include "counts/weighted_kernels.h"

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
#define FQ_BYTES 16
#include "counts/weighted_kernels.inc"
#undef FQ_BYTES
}  // namespace baseline

#if defined(__x86_64__)
#include "simd/begin_avx2.h"
namespace avx2 {
#define FQ_BYTES 32
#include "counts/weighted_kernels.inc"
#undef FQ_BYTES
}  // namespace avx2
#include "simd/end_isa.h"

#include "simd/begin_avx512.h"
namespace avx512 {
#define FQ_BYTES 64
#include "counts/weighted_kernels.inc"
#undef FQ_BYTES
}  // namespace avx512
#include "simd/end_isa.h"
#endif

}  // namespace

template <class T>
const WeightedKernels<T>& weighted_kernels() {
  constexpr bool kIsFloat = std::is_same_v<T, float>;
  const auto pick = [](const auto& single, const auto& wide) -> const WeightedKernels<T>& {
    if constexpr (kIsFloat) {
      return (void)wide, single;
    } else {
      return (void)single, wide;
    }
  };
#if defined(__x86_64__)
  switch (active_isa()) {
    case Isa::avx512:
      return pick(avx512::kFloat, avx512::kDouble);
    case Isa::avx2:
      return pick(avx2::kFloat, avx2::kDouble);
    case Isa::baseline:
      break;
  }
#endif
  return pick(baseline::kFloat, baseline::kDouble);
}

template const WeightedKernels<float>& weighted_kernels<float>();
template const WeightedKernels<double>& weighted_kernels<double>();

}  // namespace fastqwem
