#include "runtime/base/hash.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(HashTest, MatchesThePublishedValueOfTheEmptyString) {
  EXPECT_EQ(Hash64(""), 0x2d06800538d394c2u);  // XXH3_64bits of no bytes, seed 0
}

TEST(HashTest, WithMoreBitsToo) {
  // XXH3_128bits of no bytes, seed 0
  EXPECT_EQ(Hash128(""), (Digest128{0x6001c324468d497fu, 0x99aa06d3014798d8u}));
  EXPECT_NE(Hash128("lathe"), Hash128("lathf"));
}

TEST(HashTest, PiecesHashAsTheWhole) {
  Hasher64 hasher;
  hasher.Update("lat");
  hasher.Update("");
  hasher.Update("he");
  EXPECT_EQ(hasher.Digest(), Hash64("lathe"));
  EXPECT_NE(Hash64("lathe"), Hash64("lathf"));
}

}  // namespace
}  // namespace lathe
