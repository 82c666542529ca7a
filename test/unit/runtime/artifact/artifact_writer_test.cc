#include "runtime/artifact/artifact_writer.h"

#include <filesystem>

#include "runtime/artifact/artifact_reader.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

artifact::Weight Bytes(const std::string& name, int64_t size) {
  artifact::Weight weight;
  weight.set_name(name);
  weight.set_dtype(artifact::U8);
  weight.add_shape(size);
  weight.set_layout("rows");
  return weight;
}

TEST(ArtifactWriterTest, SameCallsSameBytes) {
  const std::string dir = testing::TempDir();
  testing::WriteTestArtifact(dir + "/a", testing::MakeTestManifest());
  testing::WriteTestArtifact(dir + "/b", testing::MakeTestManifest());
  EXPECT_EQ(testing::ReadFileOrDie(dir + "/a"), testing::ReadFileOrDie(dir + "/b"));
}

TEST(ArtifactWriterTest, WeightsAreAlignedInWholeOrInPieces) {
  const std::string path = testing::TempDir() + "/m.lathe";
  LATHE_ASSERT_OK_AND_ASSIGN(ArtifactWriter writer, ArtifactWriter::Create(path));
  LATHE_ASSERT_OK(writer.BeginSection(kWeightsSection, true));
  LATHE_ASSERT_OK_AND_ASSIGN(uint32_t first, writer.AddWeight(Bytes("first", 3), "abc"));
  LATHE_ASSERT_OK(writer.BeginWeight(Bytes("second", 70)));
  LATHE_ASSERT_OK(writer.Append(std::string(30, 'd')));
  LATHE_ASSERT_OK(writer.Append(std::string(40, 'e')));
  LATHE_ASSERT_OK_AND_ASSIGN(uint32_t second, writer.EndWeight());
  LATHE_ASSERT_OK_AND_ASSIGN(uint32_t third, writer.AddWeight(Bytes("third", 0), ""));
  LATHE_ASSERT_OK(writer.EndSection());
  LATHE_ASSERT_OK_AND_ASSIGN(uint32_t notes, writer.AddSection("notes", "n", false));
  EXPECT_EQ(notes, 1u);
  EXPECT_FALSE(std::filesystem::exists(path)) << "before Finish";
  LATHE_ASSERT_OK(writer.Finish({}));

  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  LATHE_EXPECT_OK(artifact.VerifyAll());
  EXPECT_EQ(artifact.WeightBytes(first), "abc");
  EXPECT_EQ(artifact.WeightBytes(second), std::string(30, 'd') + std::string(40, 'e'));
  EXPECT_EQ(artifact.WeightBytes(third), "");
  for (uint32_t index : {first, second}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(artifact.WeightBytes(index).data()) % 64, 0u);
  }
  EXPECT_EQ(artifact.manifest().weights(1).offset(), 64u);
  EXPECT_EQ(artifact.manifest().sections(1).offset() % 4096, 0u);
}

TEST(ArtifactWriterTest, WithoutFinishNothingIsLeft) {
  const std::string dir = testing::TempDir();
  {
    LATHE_ASSERT_OK_AND_ASSIGN(ArtifactWriter writer, ArtifactWriter::Create(dir + "/m.lathe"));
    LATHE_ASSERT_OK(writer.BeginSection("notes", false));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

TEST(ArtifactWriterTest, AManifestThatNoReaderAcceptsIsOurFault) {
  const std::string path = testing::TempDir() + "/m.lathe";
  LATHE_ASSERT_OK_AND_ASSIGN(ArtifactWriter writer, ArtifactWriter::Create(path));
  artifact::Manifest manifest;
  manifest.add_code()->set_section(7);
  EXPECT_THAT(writer.Finish(manifest),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("section 7 of 0")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ArtifactWriterTest, StringsMustBeUtf8) {
  LATHE_ASSERT_OK_AND_ASSIGN(ArtifactWriter writer,
                             ArtifactWriter::Create(testing::TempDir() + "/m.lathe"));
  artifact::Manifest manifest;
  manifest.set_model_name("\xff");
  EXPECT_THAT(writer.Finish(manifest),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("not UTF-8")));
}

TEST(ArtifactWriterTest, NamesTheFolderThatIsMissing) {
  const std::string path = testing::TempDir() + "/no/m.lathe";
  EXPECT_THAT(ArtifactWriter::Create(path), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
}

TEST(ArtifactWriterDeathTest, SectionsDoNotNest) {
  LATHE_ASSERT_OK_AND_ASSIGN(ArtifactWriter writer,
                             ArtifactWriter::Create(testing::TempDir() + "/m.lathe"));
  LATHE_ASSERT_OK(writer.BeginSection("a", false));
  EXPECT_DEATH(writer.BeginSection("b", false).IgnoreError(), "b begins inside a");
  EXPECT_DEATH(writer.BeginWeight(Bytes("w", 1)).IgnoreError(), "w outside section weights");
  LATHE_ASSERT_OK(writer.EndSection());
  EXPECT_DEATH(writer.AddSection("a", "", false).status().IgnoreError(), "two sections a");
}

}  // namespace
}  // namespace lathe
