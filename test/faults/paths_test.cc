// What stands under the name of an artifact may be anything: each has its message, none is waited
// for.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/mapped_file.h"
#include "test/faults/limited.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::BinaryPath;
using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::ReadFileOrDie;
using testing::RunLimited;
using testing::TempDir;
using testing::WriteFileOrDie;
using testing::WriteToyModel;

struct Oddity {
  std::string name;
  std::function<void(const std::string& path)> make;
  std::string message;
};

std::vector<Oddity> Oddities() {
  return {
      {"nothing", [](const std::string&) {}, "No such file or directory"},
      {"a folder", [](const std::string& path) { std::filesystem::create_directory(path); },
       "is not a regular file"},
      {"an empty file", [](const std::string& path) { WriteFileOrDie(path, ""); }, "0 bytes"},
      {"a pipe", [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); },
       "is not a regular file"},
      {"a loop of links",
       [](const std::string& path) { ASSERT_EQ(::symlink(path.c_str(), path.c_str()), 0); },
       "Too many levels of symbolic links"},
      {"a link to nothing",
       [](const std::string& path) { ASSERT_EQ(::symlink("/no/such/file", path.c_str()), 0); },
       "No such file or directory"},
      {"a device",
       [](const std::string& path) { ASSERT_EQ(::symlink("/dev/null", path.c_str()), 0); },
       "is not a regular file"},
  };
}

TEST(PathsTest, WhatIsNoArtifactIsNamed) {
  for (const Oddity& oddity : Oddities()) {
    const std::string path = TempDir() + "/m.lathe";
    oddity.make(path);
    ProcessResult run =
        RunLimited({}, {"timeout", "20", BinaryPath("lathe-run"), "run", path, "--prompt=hi"});
    EXPECT_EQ(run.exit_code, 1) << oddity.name;
    EXPECT_THAT(run.err, AllOf(HasSubstr(path), HasSubstr(oddity.message))) << oddity.name;
  }
}

TEST(PathsTest, WhatCannotBeAnInputFileIsNamed) {
  const std::string model = WriteToyModel({});
  for (const Oddity& oddity : Oddities()) {
    if (oddity.name == "an empty file") continue;  // JSON's own message
    const std::string path = TempDir() + "/ids.json";
    oddity.make(path);
    ProcessResult run =
        RunLimited({}, {"timeout", "20", BinaryPath("lathe-run"), "run", model, "--ids=" + path});
    EXPECT_EQ(run.exit_code, 1) << oddity.name;
    EXPECT_THAT(run.err, AllOf(HasSubstr(path), HasSubstr(oddity.message))) << oddity.name;
  }
}

TEST(PathsTest, AFileThatMayNotBeRead) {
  if (!testing::CanBecomeNobody()) GTEST_SKIP() << "root may read everything";
  const std::string path = testing::OpenFolder() + "/m.lathe";
  WriteFileOrDie(path, ReadFileOrDie(WriteToyModel({})));
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ProcessResult run =
      RunLimited({.as_nobody = true}, {BinaryPath("lathe-run"), "run", path, "--prompt=hi"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(absl::StrCat("cannot open ", path, ": Permission denied")));
}

// At each border of a section, and a byte before and behind it.
TEST(PathsTest, AnArtifactCutAnywhereIsRefusedByName) {
  const std::string whole = WriteToyModel({});
  const std::string bytes = ReadFileOrDie(whole);
  std::vector<size_t> borders = {0, 64, bytes.size()};
  {
    LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(whole));
    for (const artifact::Section& section : artifact.manifest().sections()) {
      borders.push_back(section.offset());
      borders.push_back(section.offset() + section.size());
    }
  }
  const std::string path = TempDir() + "/m.lathe";
  for (size_t border : borders) {
    for (int64_t off : {-1, 0, 1}) {
      const auto size = static_cast<int64_t>(border) + off;
      if (size < 0 || size >= static_cast<int64_t>(bytes.size())) continue;
      WriteFileOrDie(path, absl::string_view(bytes).substr(0, static_cast<size_t>(size)));
      absl::Status status = Artifact::Open(path).status();
      EXPECT_FALSE(status.ok()) << size;
      EXPECT_THAT(std::string(status.message()),
                  AllOf(HasSubstr(path), HasSubstr(absl::StrCat(size, " bytes"))));
    }
  }
}

// The same for a checkpoint: in its length, its header, at the borders of each tensor.
TEST(PathsTest, ACheckpointCutAnywhereIsRefusedByName) {
  const std::string whole = testing::SourcePath("test/data/golden/qwen3_tied/model.safetensors");
  const std::string bytes = ReadFileOrDie(whole);
  LATHE_ASSERT_OK_AND_ASSIGN(SafetensorsFile file, SafetensorsFile::Open(whole));
  std::vector<size_t> borders = {0, 8, bytes.size()};
  for (const SafetensorsTensor& tensor : file.tensors()) {
    const auto begin = static_cast<size_t>(tensor.view.bytes.data() - file.file().bytes().data());
    borders.push_back(begin);
    borders.push_back(begin + tensor.view.bytes.size());
  }
  const std::string path = "folder/model.safetensors";
  for (size_t border : borders) {
    for (int64_t off : {-1, 0, 1}) {
      const auto size = static_cast<int64_t>(border) + off;
      if (size < 0 || size >= static_cast<int64_t>(bytes.size())) continue;
      const absl::string_view cut = absl::string_view(bytes).substr(0, static_cast<size_t>(size));
      EXPECT_THAT(std::string(ReadSafetensors(cut, path).status().message()),
                  AllOf(HasSubstr(path), HasSubstr("download it again")))
          << size;
    }
  }
}

// Whole, but altered at the first and the last byte of each section.
TEST(PathsTest, AnAlteredSectionIsNamed) {
  const std::string whole = WriteToyModel({});
  const std::string bytes = ReadFileOrDie(whole);
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(whole));
  const std::string path = TempDir() + "/m.lathe";
  for (const artifact::Section& section : artifact.manifest().sections()) {
    if (section.size() == 0) continue;
    for (uint64_t at : {section.offset(), section.offset() + section.size() - 1}) {
      std::string altered = bytes;
      altered[at] = static_cast<char>(altered[at] ^ 1);
      WriteFileOrDie(path, altered);
      LATHE_ASSERT_OK_AND_ASSIGN(Artifact opened, Artifact::Open(path));
      EXPECT_THAT(std::string(opened.VerifyAll().message()),
                  AllOf(HasSubstr(path), HasSubstr(section.name())));
    }
  }
}

}  // namespace
}  // namespace lathe
