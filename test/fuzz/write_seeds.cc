// Writes the seeds that are made rather than kept: files whose format has checksums or changes with
// its version, and what other tests hold in a form of their own.
//   fuzz_write_seeds BUILD/fuzz/seeds SOURCES KERNELS.so
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors_writer.h"
#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/session/session_file.h"
#include "runtime/state/kv_snapshot.h"
#include "test/support/data.h"
#include "test/support/test_artifact.h"

namespace lathe::fuzz {
namespace {

using testing::ReadFileOrDie;

class SeedFolder {
 public:
  SeedFolder(const std::string& root, const std::string& target) : path_(root + "/" + target) {
    std::filesystem::create_directories(path_);
  }
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  void Write(const std::string& name, absl::string_view bytes) const {
    testing::WriteFileOrDie(Path(name), bytes);
  }

 private:
  std::string path_;
};

void WriteSafetensors(const SeedFolder& folder) {
  SafetensorsWriter writer;
  writer.AddMetadata("format", "pt");
  writer.Add("model.norm.weight", {DType::kBF16, {2, 3}, "abcdefghijkl"});
  writer.Add("empty", {DType::kF32, {0, 4}, ""});
  writer.Add("scalar", {DType::kI64, {}, "12345678"});
  const absl::Status status = writer.Write(folder.Path("three.safetensors"));
  LATHE_CHECK(status.ok()) << status.ToString();
  auto header = writer.Header();
  LATHE_CHECK(header.ok()) << header.status().ToString();
  folder.Write("header.json", absl::string_view(*header).substr(8));
}

void WriteTokenizers(const SeedFolder& folder, const std::string& sources) {
  for (const char* path :
       {"test/data/tokenizer/tiny_tokenizer.json", "test/data/golden/qwen3_tied/tokenizer.json"}) {
    auto tokenizer = Tokenizer::FromJson(ReadFileOrDie(absl::StrCat(sources, "/", path)), path);
    LATHE_CHECK(tokenizer.ok()) << tokenizer.status().ToString();
    folder.Write(absl::StrCat(tokenizer->size(), ".tables"), tokenizer->Serialize());
  }
}

// Each small template that the chat tests compare with the reference.
void WriteChatTemplates(const SeedFolder& folder, const std::string& sources) {
  const auto rows = nlohmann::json::parse(
      ReadFileOrDie(sources + "/test/data/chat/constructs.json"), nullptr, false);
  LATHE_CHECK(rows.is_array()) << "constructs.json";
  size_t number = 0;
  for (const auto& row : rows) {
    if (!row.contains("template")) continue;
    folder.Write(absl::StrCat(number++, ".jinja"), row["template"].get<std::string>());
  }
  const auto config = nlohmann::json::parse(
      ReadFileOrDie(sources + "/test/data/golden/qwen3_tied/tokenizer_config.json"), nullptr,
      false);
  folder.Write("model.jinja", config["chat_template"].get<std::string>());
}

// As the artifact of the runtime's tests, with a code section that is small and holds no code.
absl::Status WriteSmallArtifact(const std::string& path) {
  artifact::Manifest manifest = testing::MakeTestManifest();
  artifact::Weight weight;
  weight.set_name("proj.weight");
  weight.set_dtype(artifact::F32);
  weight.add_shape(testing::kTestN);
  weight.add_shape(testing::kTestK);
  weight.set_layout("rows");
  const std::string bytes(testing::kTestN * testing::kTestK * sizeof(float), '\0');
  LATHE_ASSIGN_OR_RETURN(ArtifactWriter writer, ArtifactWriter::Create(path));
  LATHE_RETURN_IF_ERROR(writer.BeginSection(kWeightsSection, /*lazy=*/true));
  LATHE_RETURN_IF_ERROR(writer.AddWeight(weight, bytes).status());
  LATHE_RETURN_IF_ERROR(writer.EndSection());
  artifact::Code* code = manifest.add_code();
  code->set_target("cpu");
  code->set_feature_level("x86-64-v3");
  LATHE_ASSIGN_OR_RETURN(const uint32_t section,
                         writer.AddSection("code.cpu.x86-64-v3", "no code", /*lazy=*/false));
  code->set_section(section);
  return writer.Finish(std::move(manifest));
}

void WriteArtifacts(const SeedFolder& folder, const std::string& kernels) {
  folder.Write("kernels.so", ReadFileOrDie(kernels));
  const std::string path = folder.Path("small.lathe");
  const absl::Status status = WriteSmallArtifact(path);
  LATHE_CHECK(status.ok()) << status.ToString();
  auto artifact = Artifact::Open(path);
  LATHE_CHECK(artifact.ok()) << artifact.status().ToString();
  folder.Write("small.manifest", artifact->manifest().SerializeAsString());
}

// Three tokens in two pages of a window's group and in one of a full group.
void WriteSessions(const SeedFolder& folder) {
  const KvShape full = {.dtype = DType::kF32,
                        .num_layers = 2,
                        .kv_heads = 1,
                        .head_dim = 2,
                        .page_tokens = 4,
                        .window = 0};
  KvShape windowed = full;
  windowed.dtype = DType::kBF16;
  windowed.page_tokens = 2;
  windowed.window = 3;
  SavedSession session{.tokens = {1, 2, 3}, .text = "{\"kept\": true}"};
  for (const KvShape& shape : {full, windowed}) {
    const std::optional<uint64_t> bytes = SnapshotBytes(shape, 0, 3);
    LATHE_CHECK(bytes.has_value()) << ShapeText(shape);
    session.groups.push_back({shape, 0, 3, std::string(*bytes, '\x3f')});
  }
  folder.Write("two_groups", EncodeSession(0x1234, session));
  folder.Write("empty", EncodeSession(0, {}));
}

}  // namespace
}  // namespace lathe::fuzz

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: fuzz_write_seeds FOLDER SOURCES KERNELS.so\n";
    return 2;
  }
  using namespace lathe::fuzz;  // NOLINT(google-build-using-namespace): of this file
  const std::string root = argv[1];
  const std::string sources = argv[2];
  WriteSafetensors({root, "safetensors"});
  WriteTokenizers({root, "tokenizer"}, sources);
  WriteChatTemplates({root, "chat"}, sources);
  WriteSessions({root, "session"});
  WriteArtifacts({root, "artifact"}, argv[3]);
  return 0;
}
