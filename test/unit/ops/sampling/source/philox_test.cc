#include "ops/sampling/source/philox.h"

#include <cmath>
#include <set>

#include "gmock/gmock.h"

namespace lathe::sampling {
namespace {

using ::testing::ElementsAre;

// The known answers that the authors publish beside the paper (Random123, kat_vectors, philox4x32
// with 10 rounds).
TEST(PhiloxTest, GivesThePublishedBlocks) {
  EXPECT_THAT(Philox4x32({{0, 0, 0, 0}}, 0, 0).word,
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  EXPECT_THAT(Philox4x32({{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u).word,
              ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(
      Philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0).word,
      ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

static_assert(RandomBits(0, 0) == 0xe169c58d6627e8d5u, "a constant expression, low word first");

TEST(PhiloxTest, EveryBitOfSeedAndPositionCounts) {
  std::set<uint64_t> seen = {RandomBits(5, 9)};
  for (int bit = 0; bit < 64; ++bit) {
    seen.insert(RandomBits(5 ^ uint64_t{1} << bit, 9));
    seen.insert(RandomBits(5, 9 ^ uint64_t{1} << bit));
  }
  EXPECT_EQ(seen.size(), 129u);
}

// Each of the 64 bits is set in half of the draws: within five standard deviations of a fixed
// experiment.
TEST(PhiloxTest, BitsAreFair) {
  constexpr int kDraws = 20000;
  for (uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{0x123456789abcdef}}) {
    int ones[64] = {};
    for (int position = 0; position < kDraws; ++position) {
      uint64_t bits = RandomBits(seed, static_cast<uint64_t>(position));
      for (int bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>(bits >> bit & 1);
    }
    for (int bit = 0; bit < 64; ++bit)
      EXPECT_NEAR(ones[bit], kDraws / 2, 5 * std::sqrt(kDraws) / 2) << seed << " bit " << bit;
  }
}

}  // namespace
}  // namespace lathe::sampling
