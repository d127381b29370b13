// Random numbers as a pure function of a key and a counter: Philox-2x32-10 (Salmon, Moraes, Dror, Shaw, SC'11).
// No state, so every thread, machine and backend that asks for the same draw gets the same bits.
#pragma once

#include <cstdint>

namespace fastqwem {

struct Bits {
  std::uint32_t first, second;
};

constexpr std::uint32_t kPhiloxMultiplier = 0xD256D193u;
constexpr std::uint32_t kPhiloxWeyl = 0x9E3779B9u;
constexpr int kPhiloxRounds = 10;

inline Bits philox(std::uint32_t counter0, std::uint32_t counter1, std::uint32_t key) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t product = std::uint64_t{kPhiloxMultiplier} * counter0;
    counter0 = static_cast<std::uint32_t>(product >> 32) ^ key ^ counter1;
    counter1 = static_cast<std::uint32_t>(product);
    key += kPhiloxWeyl;
  }
  return {counter0, counter1};
}

// The key of one stream of draws, such as one epoch.
inline std::uint32_t stream_key(std::uint64_t seed, std::uint32_t stream) {
  return philox(static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), stream).first;
}

// Draw number `draw` (below 2^16) at a position of a corpus (below 2^48).
inline Bits draw_bits(std::uint32_t key, std::int64_t position, std::uint32_t draw) {
  const auto at = static_cast<std::uint64_t>(position);
  return philox(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32) | (draw << 16), key);
}

// A number in [0, n) from 32 random bits.
inline std::uint32_t scaled(std::uint32_t bits, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{bits} * n) >> 32);
}

}  // namespace fastqwem
