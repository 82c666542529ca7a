// Random bits that are a function of (seed, position) alone: Philox4x32-10 of Salmon, Moraes, Dror
// and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). No state, so a token's bits do
// not depend on what else runs, on its order, or on what was drawn before.
//   uint64_t bits = lathe::sampling::RandomBits(seed, position);
#pragma once

#include <cstdint>

namespace lathe::sampling {

struct PhiloxBlock {
  uint32_t word[4];
};

// Multipliers and key increments of the paper.
inline constexpr uint64_t kPhiloxMultiplier0 = 0xD2511F53;
inline constexpr uint64_t kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9;  // golden ratio
inline constexpr uint32_t kPhiloxWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
inline constexpr int kPhiloxRounds = 10;

constexpr PhiloxBlock Philox4x32(PhiloxBlock counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const uint64_t product0 = kPhiloxMultiplier0 * counter.word[0];
    const uint64_t product1 = kPhiloxMultiplier1 * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0,
                static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1,
                static_cast<uint32_t>(product0)}};
    key0 += kPhiloxWeyl0;
    key1 += kPhiloxWeyl1;
  }
  return counter;
}

// 64 bits for the token at `position` of a sequence. The upper half of the counter stays zero.
constexpr uint64_t RandomBits(uint64_t seed, uint64_t position) {
  const PhiloxBlock block =
      Philox4x32({{static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), 0, 0}},
                 static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  return block.word[0] | static_cast<uint64_t>(block.word[1]) << 32;
}

}  // namespace lathe::sampling
