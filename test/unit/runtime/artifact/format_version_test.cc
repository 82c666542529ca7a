#include "runtime/artifact/format_version.h"

#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/hash.h"
#include "runtime/base/version.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// An artifact of this build whose header claims another version and is sealed again.
std::string WriteArtifactOfVersion(uint32_t version) {
  const std::string path = absl::StrCat(testing::TempDir(), "/m.lathe");
  testing::WriteTestArtifact(path, testing::MakeTestManifest());
  std::string bytes = testing::ReadFileOrDie(path);
  for (int i = 0; i < 4; ++i) bytes[8 + i] = static_cast<char>(version >> (8 * i));
  const uint64_t hash = Hash64(absl::string_view(bytes).substr(0, 56));
  for (int i = 0; i < 8; ++i) bytes[56 + i] = static_cast<char>(hash >> (8 * i));
  testing::WriteFileOrDie(path, bytes);
  return path;
}

absl::Status AddOne(artifact::Manifest& manifest) {
  manifest.set_model_name(manifest.model_name() + "1");
  return absl::OkStatus();
}

absl::Status AddTwo(artifact::Manifest& manifest) {
  manifest.set_model_name(manifest.model_name() + "2");
  return absl::OkStatus();
}

absl::Status Refuse(artifact::Manifest&) {
  return absl::InvalidArgumentError("weights of layout old are gone; compile the model again");
}

TEST(FormatVersionTest, ThisBuildReadsTheCurrentAndTheLastVersion) {
  const ReadableFormats formats = FormatsOfThisBuild();
  EXPECT_EQ(formats.current, kFormatVersion);
  EXPECT_EQ(formats.oldest(), kFormatVersion - 1);
  EXPECT_EQ(RangeText(formats), absl::StrCat(kFormatVersion - 1, " to ", kFormatVersion));
  EXPECT_EQ(RangeText({7, {}}), "7");
}

TEST(FormatVersionTest, OtherVersionsAreRefusedWithWhatToDo) {
  const std::string reads = absl::StrCat(", Lathe ", LatheVersion(), " reads 1 to 2; ");
  const std::string newer = WriteArtifactOfVersion(3);
  EXPECT_THAT(
      Artifact::Open(newer),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr(absl::StrCat(newer, ": format version 3", reads)),
                     HasSubstr("made by a newer compiler: run it with a newer lathe-run, or "
                               "compile the model again"))));
  const std::string older = WriteArtifactOfVersion(0);
  EXPECT_THAT(Artifact::Open(older),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(absl::StrCat(older, ": format version 0", reads)),
                             HasSubstr("made by an older compiler: compile the model again"))));
}

TEST(FormatVersionTest, OlderManifestsGoThroughEveryStepUpToTheCurrentVersion) {
  const ReadableFormats formats = {9, {AddOne, AddTwo}};
  const std::pair<uint32_t, const char*> names[] = {{7, "test12"}, {8, "test2"}, {9, "test"}};
  for (const auto& [version, name] : names) {
    LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact,
                               Artifact::Open(WriteArtifactOfVersion(version), formats));
    EXPECT_EQ(artifact.manifest().model_name(), name);
    EXPECT_EQ(artifact.format_version(), version);
    LATHE_EXPECT_OK(artifact.VerifyAll());
  }
  EXPECT_FALSE(Artifact::Open(WriteArtifactOfVersion(6), formats).ok());
  EXPECT_FALSE(Artifact::Open(WriteArtifactOfVersion(10), formats).ok());
}

TEST(FormatVersionTest, AStepThatCannotBeTakenIsNamed) {
  const std::string path = WriteArtifactOfVersion(8);
  EXPECT_THAT(Artifact::Open(path, {9, {Refuse}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(path), HasSubstr("format version 8 to 9"),
                             HasSubstr("weights of layout old are gone"))));
  LATHE_EXPECT_OK(Artifact::Open(WriteArtifactOfVersion(9), {9, {Refuse}}));
}

// The manifest is checked after the last step, so that no step has to leave a sound one.
TEST(FormatVersionTest, StepsComeBeforeTheCheckOfTheManifest) {
  const auto spoil = [](artifact::Manifest& manifest) {
    manifest.set_max_context(-1);
    return absl::OkStatus();
  };
  EXPECT_THAT(Artifact::Open(WriteArtifactOfVersion(8), {9, {spoil}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_context -1")));
  const auto mend = [](artifact::Manifest& manifest) {
    manifest.set_max_context(5);
    return absl::OkStatus();
  };
  LATHE_EXPECT_OK(Artifact::Open(WriteArtifactOfVersion(7), {9, {spoil, mend}}));
}

TEST(FormatVersionTest, FilesOfTheLastVersionAreRead) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      Artifact artifact, Artifact::Open(testing::SourcePath("test/data/artifact/version1.lathe")));
  EXPECT_EQ(artifact.format_version(), 1u);
  LATHE_EXPECT_OK(artifact.VerifyAll());
  EXPECT_EQ(artifact.manifest().kernel_abi(), 1u);
  EXPECT_EQ(artifact.manifest().code_size(), 2);
  EXPECT_EQ(artifact.manifest().programs(0).SerializeAsString(),
            testing::MakeTestManifest().programs(0).SerializeAsString());
}

// What version 1 called the ids that its programs chose.
TEST(FormatVersionTest, IdsOfVersionOneHaveTheirNewName) {
  artifact::Manifest manifest;
  for (const char* name : {"logits", "greedy_ids"})
    manifest.add_programs()->add_outputs()->set_name(name);
  LATHE_ASSERT_OK(UpgradeManifest(1, FormatsOfThisBuild(), manifest));
  EXPECT_EQ(manifest.programs(0).outputs(0).name(), "logits");
  EXPECT_EQ(manifest.programs(1).outputs(0).name(), "next_ids");
}

}  // namespace
}  // namespace lathe
