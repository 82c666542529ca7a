#include "runtime/artifact/artifact_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact_text.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/artifact/file_header.h"
#include "runtime/base/hash.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A file whose bytes can be changed one at a time, quickly.
class EditedFile {
 public:
  explicit EditedFile(const std::string& path)
      : path_(path), bytes_(testing::ReadFileOrDie(path)), fd_(::open(path.c_str(), O_RDWR)) {}
  ~EditedFile() { ::close(fd_); }
  EditedFile(const EditedFile&) = delete;
  EditedFile& operator=(const EditedFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& bytes() const { return bytes_; }
  void Write(size_t at, absl::string_view bytes) {
    EXPECT_EQ(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
  }
  void Flip(size_t at, char mask) {
    const char changed = static_cast<char>(bytes_[at] ^ mask);
    Write(at, {&changed, 1});
  }
  void Restore(size_t at) { Write(at, absl::string_view(bytes_).substr(at, 1)); }
  void Truncate(size_t size) { EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(size)), 0); }

 private:
  std::string path_;
  std::string bytes_;
  int fd_;
};

// An artifact with weights, a lazy and two ordinary sections, small enough to damage every byte of
// it.
std::string WriteSmallArtifact() {
  const std::string path = testing::TempDir() + "/m.lathe";
  auto writer = ArtifactWriter::Create(path);
  EXPECT_TRUE(writer.ok());
  artifact::Weight weight;
  weight.set_name("model.norm.weight");
  weight.set_dtype(artifact::F32);
  weight.add_shape(5);
  weight.set_layout("rows");
  LATHE_EXPECT_OK(writer->BeginSection(kWeightsSection, true));
  LATHE_EXPECT_OK(writer->AddWeight(weight, "twenty bytes of data"));
  LATHE_EXPECT_OK(writer->AddWeight(weight, "twenty bytes of more"));
  LATHE_EXPECT_OK(writer->EndSection());
  LATHE_EXPECT_OK(writer->AddSection("chat_template", "{{ messages }}", false));
  LATHE_EXPECT_OK(writer->AddSection("ir.fuse", "module {}", true));
  LATHE_EXPECT_OK(writer->AddSection("empty", "", false));
  LATHE_EXPECT_OK(writer->Finish(testing::MakeTestManifest()));
  return path;
}

TEST(ArtifactReaderTest, ReadsWhatWasWritten) {
  const std::string path = WriteSmallArtifact();
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  EXPECT_EQ(artifact.path(), path);
  EXPECT_EQ(artifact.file_bytes(), testing::ReadFileOrDie(path).size());
  EXPECT_EQ(artifact.manifest().model_name(), "test");
  EXPECT_THAT(artifact.Section("chat_template"), testing::IsOk());
  EXPECT_EQ(*artifact.Section("chat_template"), "{{ messages }}");
  EXPECT_EQ(*artifact.Section("empty"), "");
  EXPECT_EQ(*artifact.Section(2), "module {}");
  EXPECT_EQ(artifact.WeightBytes(1), "twenty bytes of more");
  EXPECT_TRUE(artifact.HasSection("ir.fuse"));
  EXPECT_FALSE(artifact.HasSection("ir"));
  LATHE_EXPECT_OK(artifact.VerifyAll());
  artifact.PrefetchWeights();
  Artifact moved = std::move(artifact);
  EXPECT_EQ(*moved.Section("chat_template"), "{{ messages }}");
}

TEST(ArtifactReaderTest, MessagesNameFileAndSection) {
  EXPECT_THAT(Artifact::Open("/no/such.lathe"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such.lathe")));
  const std::string path = WriteSmallArtifact();
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  EXPECT_THAT(artifact.Section("chat_templates"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(path), HasSubstr("did you mean \"chat_template\"?"))));
  EXPECT_THAT(artifact.Section("tokenizer"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("has no section \"tokenizer\"")));
  testing::WriteFileOrDie(path + ".txt", "hello");
  EXPECT_THAT(Artifact::Open(path + ".txt"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(path + ".txt: not a .lathe file"))));
}

TEST(ArtifactReaderTest, DamagedSectionsAreNamed) {
  EditedFile file(WriteSmallArtifact());
  const size_t text = file.bytes().find("{{ messages }}");
  file.Flip(text, 1);
  {
    LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(file.path()));
    const auto message = AllOf(HasSubstr(file.path()), HasSubstr("section \"chat_template\""),
                               HasSubstr("compile the model again"));
    EXPECT_THAT(artifact.Section("chat_template"), StatusIs(absl::StatusCode::kDataLoss, message));
    EXPECT_THAT(artifact.VerifyAll(), StatusIs(absl::StatusCode::kDataLoss, message));
  }
  file.Restore(text);
  const size_t weight = file.bytes().find("more");
  file.Flip(weight, 1);
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(file.path()));
  LATHE_EXPECT_OK(artifact.Section(kWeightsSection));  // lazy
  EXPECT_THAT(artifact.VerifyAll(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("\"weights\""), HasSubstr("model.norm.weight"))));
}

// Opens, verifies and prints: what a reader can do with a file. True when nothing was found wrong.
bool IsWholeFile(const std::string& path) {
  absl::StatusOr<Artifact> artifact = Artifact::Open(path);
  if (!artifact.ok()) {
    EXPECT_THAT(std::string(artifact.status().message()), HasSubstr(path));
    return false;
  }
  std::string text = SummaryText(*artifact);
  for (const artifact::Program& program : artifact->manifest().programs()) {
    text += ProgramText(artifact->manifest(), program, true);
  }
  EXPECT_FALSE(text.empty());
  for (int i = 0; i < artifact->manifest().weights_size(); ++i) {
    artifact->WeightBytes(static_cast<uint32_t>(i));
  }
  return artifact->VerifyAll().ok();
}

TEST(ArtifactDamageTest, EveryByteCounts) {
  EditedFile file(WriteSmallArtifact());
  ASSERT_TRUE(IsWholeFile(file.path()));
  LATHE_ASSERT_OK_AND_ASSIGN(FileHeader header, DecodeHeader(file.bytes()));
  for (size_t at = 0; at < file.bytes().size(); ++at) {
    // Inside the long runs of padding every 61st byte will do.
    const bool is_padding = file.bytes()[at] == '\0' && at > 200 && at < header.manifest_offset;
    if (is_padding && at % 61 != 0) continue;
    file.Flip(at, static_cast<char>(1 << (at % 8)));
    EXPECT_FALSE(IsWholeFile(file.path())) << "byte " << at;
    file.Restore(at);
  }
  EXPECT_TRUE(IsWholeFile(file.path()));
}

TEST(ArtifactDamageTest, EveryLengthCounts) {
  EditedFile file(WriteSmallArtifact());
  for (size_t size = file.bytes().size() - 1; size > 0; --size) {
    file.Truncate(size);
    EXPECT_THAT(Artifact::Open(file.path()),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(absl::StrCat(size, " bytes"))));
    if (size > 4096 && size % 7 != 0) size -= std::min<size_t>(6, size - 4096);
  }
  file.Truncate(0);
  EXPECT_THAT(Artifact::Open(file.path()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("0 bytes")));
}

// Manifests that were changed and sealed again: whatever a checked manifest says, nothing crashes.
TEST(ArtifactDamageTest, ForgedManifestsDoNotCrash) {
  EditedFile file(WriteSmallArtifact());
  LATHE_ASSERT_OK_AND_ASSIGN(FileHeader header, DecodeHeader(file.bytes()));
  std::mt19937 random(20240501);
  int opened = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string manifest = file.bytes().substr(header.manifest_offset);
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      manifest[random() % manifest.size()] = static_cast<char>(random());
    }
    FileHeader forged = header;
    forged.manifest_xxh3 = Hash64(manifest);
    file.Write(0, EncodeHeader(forged));
    file.Write(header.manifest_offset, manifest);
    opened += Artifact::Open(file.path()).ok() ? 1 : 0;
    IsWholeFile(file.path());
  }
  EXPECT_GT(opened, 0) << "every forgery was refused: the test reaches nothing";
}

}  // namespace
}  // namespace lathe
