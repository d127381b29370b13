// Compiles the body that FQ_BODY names once per instruction set: in namespaces baseline, avx2 and avx512, with
// FQ_BYTES, the bytes of a vector register, and FQ_LANES, the floats in one; where FQ_WITH_VNNI is defined, in
// avx512vnni too, with FQ_VNNI. No include guard and no includes: used once per file, inside its namespace, after
// "simd/isa.h" and all standard headers (see begin_avx2.h). FQ_ACTIVE(name) is then the object of that name of the
// instruction set in use.

// A vector type wider than the baseline's registers is only ever used inside a body, by inlined functions, so the
// changed calling convention that GCC warns about never shows.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define FQ_LANES (FQ_BYTES / 4)

namespace baseline {
#define FQ_BYTES 16
#include FQ_BODY
#undef FQ_BYTES
}  // namespace baseline

#if defined(__x86_64__)
#include "simd/begin_avx2.h"
namespace avx2 {
#define FQ_BYTES 32
#include FQ_BODY
#undef FQ_BYTES
}  // namespace avx2
#include "simd/end_isa.h"

#include "simd/begin_avx512.h"
namespace avx512 {
#define FQ_BYTES 64
#include FQ_BODY
#undef FQ_BYTES
}  // namespace avx512
#include "simd/end_isa.h"

#if defined(FQ_WITH_VNNI)
#include "simd/begin_avx512vnni.h"
namespace avx512vnni {
#define FQ_BYTES 64
#define FQ_VNNI
#include FQ_BODY
#undef FQ_VNNI
#undef FQ_BYTES
}  // namespace avx512vnni
#include "simd/end_isa.h"
#define FQ_ACTIVE(name) fastqwem::of_active_isa(baseline::name, avx2::name, avx512::name, avx512vnni::name)
#else
#define FQ_ACTIVE(name) fastqwem::of_active_isa(baseline::name, avx2::name, avx512::name)
#endif
#else
#define FQ_ACTIVE(name) (baseline::name)
#endif

#undef FQ_LANES
#undef FQ_BODY
