// One body, three instruction sets; the processor at hand decides at run time.
#include "counts/weighted_kernels.h"

#include "simd/isa.h"

namespace fastqwem {
namespace {

#define FQ_BODY "counts/weighted_kernels.inc"
#include "simd/each_isa.h"

}  // namespace

template <>
const WeightedKernels<float>& weighted_kernels<float>() {
  return FQ_ACTIVE(kFloat);
}

template <>
const WeightedKernels<double>& weighted_kernels<double>() {
  return FQ_ACTIVE(kDouble);
}

}  // namespace fastqwem
