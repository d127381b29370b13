#include "simd/isa.h"

#include <atomic>
#include <stdexcept>

namespace fastqwem {
namespace {

bool runs(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::baseline:
      return true;
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    case Isa::avx512:
      return runs(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::avx512vnni:
      return runs(Isa::avx512) && __builtin_cpu_supports("avx512vnni");
  }
  return false;
#else
  return isa == Isa::baseline;
#endif
}

std::atomic<int> forced{-1};

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::baseline:
      return "baseline";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512vnni:
      return "avx512vnni";
  }
  return "unknown";
}

std::vector<Isa> available_isas() {
  std::vector<Isa> result;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::avx512vnni}) {
    if (runs(isa)) result.push_back(isa);
  }
  return result;
}

Isa active_isa() {
  static const Isa best = available_isas().back();
  const int choice = forced.load(std::memory_order_relaxed);
  return choice < 0 ? best : static_cast<Isa>(choice);
}

void force_isa(const std::string& name) {
  if (name.empty()) {
    forced = -1;
    return;
  }
  std::string known;
  for (const Isa isa : available_isas()) {
    if (name == isa_name(isa)) {
      forced = static_cast<int>(isa);
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(isa_name(isa));
  }
  throw std::invalid_argument("instruction set must be one this processor runs (" + known + "), got \"" + name + "\"");
}

}  // namespace fastqwem
