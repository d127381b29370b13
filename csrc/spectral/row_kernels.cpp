// One body, three instruction sets; the processor at hand decides at run time.
#include "spectral/row_kernels.h"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "simd/isa.h"

namespace fastqwem {
namespace {

#define FQ_BODY "spectral/row_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

void shorten(const float* from, std::int64_t b, std::uint16_t* to) {
  for (std::int64_t at = 0; at < b; ++at) {
    std::uint32_t bits;
    std::memcpy(&bits, from + at, sizeof(bits));
    bits += 0x7FFF + ((bits >> 16) & 1);  // to nearest, ties to even
    const std::int64_t within = at % 32;
    to[at - within + (within < 16 ? 2 * within : 2 * within - 31)] = static_cast<std::uint16_t>(bits >> 16);
  }
}

const RowKernels& row_kernels() { return FQ_ACTIVE(kKernels); }

}  // namespace fastqwem
