#include "frontend/checkpoint/safetensors_writer.h"

#include <filesystem>

#include "frontend/checkpoint/safetensors.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SafetensorsWriterTest, WhatIsWrittenCanBeRead) {
  SafetensorsWriter writer;
  writer.AddMetadata("seed", "7 \"\xc3\xa9\"");
  writer.Add("z", {DType::kBF16, {2, 1}, "abcd"});
  writer.Add("a\"\n", {DType::kU8, {3}, "xyz"});
  writer.Add("empty", {DType::kF32, {0, 4}, ""});
  writer.Add("scalar", {DType::kF32, {}, "1234"});
  const std::string path = testing::TempDir() + "/d.safetensors";
  LATHE_ASSERT_OK(writer.Write(path));
  LATHE_ASSERT_OK_AND_ASSIGN(SafetensorsFile file, SafetensorsFile::Open(path));
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.tensors()[0].name, "z");
  EXPECT_EQ(file.Find("z")->bytes, "abcd");
  EXPECT_THAT(file.Find("z")->shape, ElementsAre(2, 1));
  EXPECT_EQ(file.Find("a\"\n")->bytes, "xyz");
  EXPECT_THAT(file.Find("empty")->shape, ElementsAre(0, 4));
  EXPECT_EQ(file.Find("scalar")->bytes, "1234");
  EXPECT_THAT(file.metadata(), ElementsAre(std::make_pair("seed", "7 \"\xc3\xa9\"")));
  EXPECT_EQ((file.Find("z")->bytes.data() - file.file().bytes().data()) % 8, 0);
}

TEST(SafetensorsWriterTest, BytesAreExactlyTheseAndAlwaysTheSame) {
  SafetensorsWriter writer;
  writer.Add("a", {DType::kU8, {1}, "x"});
  const std::string path = testing::TempDir() + "/d";
  LATHE_ASSERT_OK(writer.Write(path));
  const std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  const size_t padded = (header.size() + 7) / 8 * 8;
  std::string expected(8, '\0');
  expected[0] = static_cast<char>(padded);
  expected += header + std::string(padded - header.size(), ' ') + "x";
  EXPECT_EQ(testing::ReadFileOrDie(path), expected);
}

TEST(SafetensorsWriterTest, AnEmptyFileIsValid) {
  const std::string path = testing::TempDir() + "/d";
  LATHE_ASSERT_OK(SafetensorsWriter().Write(path));
  LATHE_ASSERT_OK(SafetensorsFile::Open(path));
}

TEST(SafetensorsWriterTest, BadNamesLeaveNothingBehind) {
  const std::string dir = testing::TempDir();
  SafetensorsWriter twice;
  twice.Add("a", {DType::kU8, {1}, "x"});
  twice.Add("a", {DType::kU8, {1}, "x"});
  EXPECT_THAT(twice.Write(dir + "/d"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(dir + "/d: tensor \"a\": the name must be")));
  for (const char* name : {"\xff", "__metadata__"}) {
    SafetensorsWriter writer;
    writer.Add(name, {DType::kU8, {1}, "x"});
    EXPECT_THAT(writer.Write(dir + "/d"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("occur once")));
  }
  SafetensorsWriter metadata;
  metadata.AddMetadata("k", "\xff");
  EXPECT_THAT(metadata.Write(dir + "/d"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("metadata \"k\"")));
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

TEST(SafetensorsWriterTest, UnwritableFoldersAreErrors) {
  const std::string path = testing::TempDir() + "/none/d";
  EXPECT_THAT(SafetensorsWriter().Write(path),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
}

TEST(SafetensorsWriterDeathTest, WrongByteCountIsOurFault) {
  SafetensorsWriter writer;
  EXPECT_DEATH(writer.Add("a", {DType::kF32, {2}, "1234"}), "4 bytes for \\[2\\] F32");
}

}  // namespace
}  // namespace lathe
