#include "frontend/tokenizer/table_builder.h"

#include "frontend/tokenizer/tables.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TokenizerSpec Bytes() {
  TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back({std::string(1, static_cast<char>(byte)), kModelToken | kByteLevelToken});
  }
  return spec;
}

TEST(BuildTables, HoldsWhatTheSpecificationSays) {
  TokenizerSpec spec = Bytes();
  spec.tokens.resize(258);  // 256 is unused
  spec.tokens[257] = {"ab", kModelToken | kByteLevelToken};
  spec.tokens.push_back({"<x>", kAddedToken | kSpecialToken});
  spec.merges.push_back({'a', 'b', 257});
  spec.added.push_back({.content = "<x>", .id = 258, .special = true, .strips_right = true});
  spec.added.push_back({.content = "b", .id = 'b', .normalized = true, .strips_left = true});
  spec.prefix = {258, 1};
  spec.suffix = {2};
  spec.split_rule = SplitRule::kThreeStages;
  spec.normalizer = NormalizerKind::kNfc;
  LATHE_ASSERT_OK_AND_ASSIGN(std::string bytes, BuildTables(spec));
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerTables tables, TokenizerTables::Open(bytes));

  EXPECT_EQ(tables.num_ids(), 259u);
  EXPECT_EQ(tables.split_rule(), SplitRule::kThreeStages);
  EXPECT_EQ(tables.normalizer(), NormalizerKind::kNfc);
  EXPECT_EQ(tables.ByteToken(0xff), 255u);
  EXPECT_EQ(tables.TokenBytes(256), "");
  EXPECT_EQ(tables.TokenFlags(256), 0);
  EXPECT_EQ(tables.TokenBytes(257), "ab");
  EXPECT_EQ(tables.FindToken("ab", true), 257u);
  EXPECT_EQ(tables.FindToken("ab", false), kNoToken);
  EXPECT_EQ(tables.FindToken("ba", true), kNoToken);
  EXPECT_EQ(tables.FindToken("<x>", false), 258u);
  EXPECT_EQ(tables.FindMerge('a', 'b').merged, 257u);
  EXPECT_EQ(tables.FindMerge('a', 'b').rank, 0u);
  EXPECT_EQ(tables.FindMerge('b', 'a').rank, kNoRank);
  ASSERT_EQ(tables.raw_added().size(), 1u);
  EXPECT_EQ(tables.raw_added().At(0).content, "<x>");
  EXPECT_EQ(tables.raw_added().At(0).id, 258u);
  EXPECT_TRUE(tables.raw_added().At(0).special);
  EXPECT_TRUE(tables.raw_added().At(0).strips_right);
  EXPECT_FALSE(tables.raw_added().At(0).strips_left);
  ASSERT_EQ(tables.normalized_added().size(), 1u);
  EXPECT_EQ(tables.normalized_added().At(0).content, "b");
  EXPECT_FALSE(tables.normalized_added().At(0).special);
  EXPECT_TRUE(tables.normalized_added().At(0).strips_left);
  ASSERT_EQ(tables.num_prefix(), 2u);
  EXPECT_EQ(tables.PrefixToken(0), 258u);
  EXPECT_EQ(tables.PrefixToken(1), 1u);
  ASSERT_EQ(tables.num_suffix(), 1u);
  EXPECT_EQ(tables.SuffixToken(0), 2u);
}

TEST(BuildTables, MarksTheTokensThatMergingReproduces) {
  TokenizerSpec spec = Bytes();
  for (const char* text : {"ab", "abc", "bc"}) {
    spec.tokens.push_back({text, kModelToken | kByteLevelToken});
  }
  spec.merges = {{'a', 'b', 256}, {'b', 'c', 258}};  // nothing leads to "abc"
  auto flags_of = [&](uint32_t id) {
    std::string bytes = BuildTables(spec).value();
    return TokenizerTables::Open(bytes).value().TokenFlags(id) & kWholePiece;
  };
  EXPECT_EQ(flags_of('a'), kWholePiece);
  EXPECT_EQ(flags_of(256), kWholePiece);
  EXPECT_EQ(flags_of(257), 0);
  EXPECT_EQ(flags_of(258), kWholePiece);
  spec.ignore_merges = true;
  EXPECT_EQ(flags_of(257), kWholePiece);
}

TEST(BuildTables, SameSpecificationGivesSameBytes) {
  EXPECT_EQ(BuildTables(Bytes()).value(), BuildTables(Bytes()).value());
}

TEST(BuildTables, WantsATokenForEveryByte) {
  TokenizerSpec spec = Bytes();
  spec.tokens[0x0a].flags = kAddedToken | kByteLevelToken;  // known, but not to the model
  EXPECT_THAT(BuildTables(spec),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("vocabulary: no token for the byte 0x0a, expected all 256")));
}

TEST(BuildTables, WantsTokens) {
  EXPECT_THAT(BuildTables(TokenizerSpec()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 ids, expected 1 to ")));
}

// Equal entries share their hash whatever the size of the table: the worst collision that a file
// can bring about.
TEST(BuildTables, RefusesWhatAlwaysCollides) {
  TokenizerSpec spec = Bytes();
  for (int i = 0; i < 200; ++i) spec.merges.push_back({'a', 'b', 'c'});
  EXPECT_THAT(BuildTables(spec), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("200 entries whose hashes collide")));
}

}  // namespace
}  // namespace lathe
