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
#include "simd/shuffle.h"

// Hogwild (Niu, Recht, Re, Wright 2011): threads read and write rows of the shared matrices without locks, so an
// update may be lost or seen in part. This is by design, happens in the functions marked so and nowhere else, and
// the marker keeps ThreadSanitizer quiet about them alone.
#define FQ_HOGWILD __attribute__((no_sanitize("thread")))

namespace fastqwem {
namespace {

#define FQ_BODY "training/block_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

const BlockKernels& block_kernels() { return FQ_ACTIVE(kKernels); }

}  // namespace fastqwem
