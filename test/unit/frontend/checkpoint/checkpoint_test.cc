#include "frontend/checkpoint/checkpoint.h"

#include <filesystem>

#include "test/support/status_matchers.h"
#include "test/unit/frontend/checkpoint/safetensors_files.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::WriteSafetensors;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kA = R"({"a": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}})";
constexpr const char* kB = R"({"b": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]},
                               "x": {"dtype": "I8", "shape": [1], "data_offsets": [1, 2]}})";

class CheckpointTest : public ::testing::Test {
 protected:
  void WriteIndex(absl::string_view text) {
    testing::WriteFileOrDie(dir_ + "/model.safetensors.index.json", text);
  }
  std::string dir_ = testing::TempDir();
};

TEST_F(CheckpointTest, SingleFile) {
  const std::string path = WriteSafetensors(dir_ + "/model.safetensors", kB, "12");
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Checkpoint> checkpoint, Checkpoint::Open(dir_));
  EXPECT_THAT(checkpoint->Names(), ElementsAre("b", "x"));
  EXPECT_EQ(checkpoint->Find("x")->bytes, "2");
  EXPECT_EQ(checkpoint->Find("y"), nullptr);
  EXPECT_EQ(checkpoint->Origin("b"), path);
  EXPECT_EQ(checkpoint->Origin("y"), dir_);
  EXPECT_EQ(checkpoint->total_bytes(), 2u);
  EXPECT_TRUE(checkpoint->warnings().empty());
}

TEST_F(CheckpointTest, ShardsWithTensorsThatTheIndexDoesNotName) {
  const std::string one = WriteSafetensors(dir_ + "/model-1.safetensors", kA, "pq");
  const std::string two = WriteSafetensors(dir_ + "/odd.safetensors", kB, "12");
  WriteIndex(
      R"({"metadata": {}, "weight_map": {"b": "odd.safetensors", "a": "model-1.safetensors"}})");
  // The index wins over a single file beside it.
  WriteSafetensors(dir_ + "/model.safetensors", "{}", "");
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Checkpoint> checkpoint, Checkpoint::Open(dir_));
  EXPECT_THAT(checkpoint->Names(), ElementsAre("a", "b"));
  EXPECT_EQ(checkpoint->Find("a")->bytes, "pq");
  EXPECT_EQ(checkpoint->Origin("a"), one);
  EXPECT_EQ(checkpoint->Origin("b"), two);
  EXPECT_EQ(checkpoint->Find("x"), nullptr);
  EXPECT_EQ(checkpoint->total_bytes(), 3u);
  EXPECT_EQ(checkpoint->files().size(), 2u);
  EXPECT_THAT(checkpoint->warnings(),
              ElementsAre(AllOf(HasSubstr(two + ": 1 tensors that the index does not place here"),
                                HasSubstr("\"x\""))));
}

TEST_F(CheckpointTest, NothingThere) {
  EXPECT_THAT(Checkpoint::Open(dir_ + "/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir_ + "/none: no such folder")));
  EXPECT_THAT(
      Checkpoint::Open(dir_),
      StatusIs(
          absl::StatusCode::kNotFound,
          HasSubstr(dir_ + ": holds neither model.safetensors.index.json nor model.safetensors")));
}

TEST_F(CheckpointTest, MissingShardsAreNamed) {
  WriteSafetensors(dir_ + "/one", kA, "pq");
  WriteIndex(R"({"weight_map": {"a": "one", "b": "two", "c": "three"}})");
  EXPECT_THAT(
      Checkpoint::Open(dir_),
      StatusIs(
          absl::StatusCode::kNotFound,
          AllOf(HasSubstr(
                    "model.safetensors.index.json: names 3 shards, 2 of them missing: three, two"),
                HasSubstr("into the same folder"))));
}

TEST_F(CheckpointTest, MappedTensorsMustBeInTheirShard) {
  WriteSafetensors(dir_ + "/one", kA, "pq");
  WriteIndex(R"({"weight_map": {"a": "one", "b": "one"}})");
  EXPECT_THAT(
      Checkpoint::Open(dir_),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("weight_map names tensors that their shards do not hold: \"b\" in one")));
}

TEST_F(CheckpointTest, ErrorsOfShardsNameTheShard) {
  testing::WriteFileOrDie(dir_ + "/one", "short");
  WriteIndex(R"({"weight_map": {"a": "one"}})");
  EXPECT_THAT(Checkpoint::Open(dir_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(dir_ + "/one: 5 bytes")));
  WriteIndex(R"({"weight_map": {"a": "../one"}})");
  EXPECT_THAT(Checkpoint::Open(dir_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("index.json: weight_map: tensor \"a\": file name \"../one\"")));
  std::filesystem::create_directory(dir_ + "/folder");
  WriteIndex(R"({"weight_map": {"a": "folder"}})");
  EXPECT_THAT(Checkpoint::Open(dir_), StatusIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("/folder is not a regular file")));
}

TEST_F(CheckpointTest, OpensTheTinyShardedCheckpoint) {
  LATHE_SHARED_DATA_OR_SKIP(folder, "tiny/qwen3_dense_untied");
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Checkpoint> checkpoint, Checkpoint::Open(folder));
  EXPECT_NE(checkpoint->Find("model.embed_tokens.weight"), nullptr);
  EXPECT_TRUE(checkpoint->warnings().empty());
}

}  // namespace
}  // namespace lathe
