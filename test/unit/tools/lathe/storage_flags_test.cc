#include "tools/lathe/storage_flags.h"

#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<StoragePolicy> Parse(const std::vector<std::string>& args) {
  StorageFlags storage;
  FlagTable flags("test", "", "");
  DeclareStorageFlags(storage, flags);
  auto parsed = flags.Parse(args);
  if (!parsed.ok()) return parsed.status();
  return ToStoragePolicy(storage);
}

TEST(StorageFlagsTest, FlagsBecomeThePolicy) {
  LATHE_ASSERT_OK_AND_ASSIGN(StoragePolicy policy,
                             Parse({"--precision=f32", "--weights=int4", "--group=128",
                                    "--embedding=bf16", "--head=int8"}));
  EXPECT_EQ(policy.precision, "f32");
  EXPECT_EQ(policy.weights, "int4");
  EXPECT_EQ(policy.group, 128);
  EXPECT_EQ(policy.embedding, "bf16");
  EXPECT_EQ(policy.head, "int8");
  EXPECT_EQ(Parse({})->group, 32);
}

TEST(StorageFlagsTest, CombinationsThatMeanNothingAreRefused) {
  EXPECT_THAT(Parse({"--group=32"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("--group is about the scales of int8")));
  EXPECT_THAT(Parse({"--weights=int4", "--group=64"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("groups of 32 or 128")));
  EXPECT_THAT(Parse({"--weights=q4_0"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("expected f32, bf16, int8 or int4")));
}

TEST(StorageFlagsTest, WrongWordsAreWrongUse) {
  ModelFolder model;
  ProcessResult run =
      RunTool({"compile", model.path(), "-o", model.output(), "--weights=int8", "--group=40"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("--group=40"));
}

}  // namespace
}  // namespace lathe
