#include "compiler/passes/storage_policy.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr WeightRole kLayer{.is_matrix = true};
constexpr WeightRole kHead{.is_matrix = true, .is_head = true};
constexpr WeightRole kTable{.is_embedding = true};
constexpr WeightRole kTied{.is_matrix = true, .is_head = true, .is_embedding = true};

TEST(StoragePolicyTest, WhatIsNotSaidFollows) {
  StoragePolicy plain{.precision = "f32"};
  EXPECT_EQ(StorageOf(plain, kLayer).value(), "f32");
  EXPECT_EQ(StorageOf(plain, kTied).value(), "f32");
  StoragePolicy int8{.weights = "int8"};
  EXPECT_EQ(StorageOf(int8, kHead).value(), "int8");
  // The ends of the model keep more bits than its middle.
  StoragePolicy int4{.weights = "int4"};
  EXPECT_EQ(StorageOf(int4, kLayer).value(), "int4");
  EXPECT_EQ(StorageOf(int4, kHead).value(), "int8");
  EXPECT_EQ(StorageOf(int4, kTable).value(), "int8");
  EXPECT_EQ(StorageOf(int4, kTied).value(), "int8");
}

TEST(StoragePolicyTest, EachRoleHasItsWord) {
  StoragePolicy policy{.weights = "int4", .embedding = "bf16", .head = "int4"};
  EXPECT_EQ(StorageOf(policy, kTable).value(), "bf16");
  EXPECT_EQ(StorageOf(policy, kHead).value(), "int4");
  EXPECT_THAT(StorageOf(policy, kTied),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--embedding=bf16 and --head=int4, but one tensor is both")));
  policy.embedding = "";
  EXPECT_EQ(StorageOf(policy, kTied).value(), "int4");
}

TEST(StoragePolicyTest, WordsAreChecked) {
  LATHE_EXPECT_OK(CheckPolicy({.weights = "int4", .group = 128, .head = "f32"}));
  EXPECT_THAT(CheckPolicy({.precision = "int8"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("precision")));
  EXPECT_THAT(CheckPolicy({.head = "q4"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--head=q4: expected f32")));
  EXPECT_THAT(CheckPolicy({.weights = "int4", .group = 64}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--group=64")));
}

TEST(StoragePolicyTest, OnlySmallIntegersHaveGroups) {
  EXPECT_TRUE(IsQuantized(StoragePolicy{.head = "int8"}));
  EXPECT_FALSE(IsQuantized(StoragePolicy{.weights = "bf16"}));
}

TEST(StoragePolicyTest, FlagsAreSpelledInOneWay) {
  EXPECT_EQ(CanonicalFlags({}), "");
  EXPECT_EQ(CanonicalFlags({.weights = "int4"}),
            "--weights=int4 --group=32 --embedding=int8 --head=int8");
  EXPECT_EQ(CanonicalFlags({.weights = "bf16"}), "--weights=bf16 --embedding=bf16 --head=bf16");
  // In a tied model the word that is given decides for both.
  EXPECT_EQ(CanonicalFlags({.weights = "int4", .group = 128, .head = "int4"}),
            "--weights=int4 --group=128 --head=int4");
}

}  // namespace
}  // namespace lathe
