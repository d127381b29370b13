// Which instruction set the kernels use: the best that this processor has, or the one that was forced.
#pragma once

#include <string>
#include <vector>

namespace fastqwem {

enum class Isa { baseline = 0, avx2 = 1, avx512 = 2, avx512vnni = 3 };

const char* isa_name(Isa isa);
// The sets this build holds bodies for and this processor can run, weakest first.
std::vector<Isa> available_isas();
Isa active_isa();
// Forces one by name ("baseline", "avx2", "avx512", "avx512vnni"), or the best again with ""; throws
// std::invalid_argument for a name that is unknown or that this processor cannot run.
void force_isa(const std::string& name);

// The one that was compiled for the instruction set in use.
template <class T>
const T& of_active_isa(const T& baseline, const T& avx2, const T& avx512, const T& avx512vnni) {
  switch (active_isa()) {
    case Isa::avx512vnni:
      return avx512vnni;
    case Isa::avx512:
      return avx512;
    case Isa::avx2:
      return avx2;
    case Isa::baseline:
      break;
  }
  return baseline;
}

// Most kernels gain nothing from VNNI.
template <class T>
const T& of_active_isa(const T& baseline, const T& avx2, const T& avx512) {
  return of_active_isa(baseline, avx2, avx512, avx512);
}

}  // namespace fastqwem
