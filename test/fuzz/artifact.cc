// Artifacts. Bytes that begin like a .lathe file are one, also with its checksums made right; those
// that begin like ELF are a code section; all others are a manifest, around which a file is built
// that fits. No code runs: a device checks what kernels would get.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/artifact_text.h"
#include "runtime/artifact/file_header.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/artifact/manifest_check.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/artifact/quantization_text.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/device/cpu/elf_loader.h"
#include "runtime/program/expr.h"
#include "runtime/program/program.h"
#include "test/fuzz/checking_device.h"
#include "test/fuzz/fuzz_input.h"
#include "test/fuzz/memory_file.h"

namespace lathe::fuzz {
namespace {

// Larger files, tables and pages are left out: they only take time.
constexpr uint64_t kMaxBytes = 1 << 18;
constexpr int64_t kSymbolValue = 3;

// The bytes of an input in a step where every symbol is kSymbolValue; none when they are too many.
std::optional<uint64_t> InputBytes(const artifact::Input& input, int num_symbols) {
  ExprTable table;
  std::vector<uint32_t> extents;
  for (const artifact::Expr& extent : input.shape()) extents.push_back(table.Intern(extent));
  std::vector<int64_t> values(table.size());
  const std::vector<int64_t> symbols(static_cast<size_t>(num_symbols), kSymbolValue);
  if (!table.Evaluate(symbols, absl::MakeSpan(values)).ok()) return std::nullopt;
  uint64_t bytes = ByteSize(*FromProto(input.dtype()));
  for (uint32_t extent : extents) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(values[extent]), &bytes)) {
      return std::nullopt;
    }
  }
  if (bytes > kMaxBytes) return std::nullopt;
  return bytes;
}

// Memory for all that a step binds.
struct StepMemory {
  std::vector<std::vector<char>> inputs;
  std::vector<std::vector<char>> pools;
  std::vector<int32_t> page_table = std::vector<int32_t>(kSymbolValue * kSymbolValue, 0);
};

bool Bind(const artifact::Manifest& manifest, const artifact::Program& program, StepMemory* memory,
          StepBindings* bindings) {
  for (const std::string& symbol : manifest.symbols()) {
    bindings->symbols.push_back({symbol, kSymbolValue});
  }
  for (const artifact::Input& input : program.inputs()) {
    const std::optional<uint64_t> bytes = InputBytes(input, manifest.symbols_size());
    if (!bytes) return false;
    const std::vector<char>& data = memory->inputs.emplace_back(*bytes + 1);
    bindings->inputs.push_back({input.name(), data.data(), *bytes});
  }
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    if (group.page_bytes() > kMaxBytes) return false;
    std::vector<char>& pool = memory->pools.emplace_back(group.page_bytes() + kBufferAlignment);
    const auto address = reinterpret_cast<uintptr_t>(pool.data());
    const uint64_t skip = (kBufferAlignment - address % kBufferAlignment) % kBufferAlignment;
    bindings->kv_groups.push_back({pool.data() + skip, memory->page_table.data()});
  }
  return true;
}

void RunStep(const artifact::Manifest& manifest, Program& program, CheckingDevice& device) {
  StepMemory memory;
  StepBindings bindings;
  if (!Bind(manifest, program.description(), &memory, &bindings)) return;
  for (const std::vector<char>& data : memory.inputs) device.AddRange(data.data(), data.size());
  for (const std::vector<char>& pool : memory.pools) device.AddRange(pool.data(), pool.size());
  device.AddRange(memory.page_table.data(), memory.page_table.size() * sizeof(int32_t));
  device.Expect(program.description());
  (void)program.WorkspaceBytes(bindings.symbols);
  StepRecord record;
  if (!program.Run(bindings, &record).ok()) return;
  LATHE_CHECK(device.num_runs() == 1) << device.num_runs();
  for (const artifact::Output& output : program.description().outputs()) {
    auto view = program.Output(output.name());
    LATHE_CHECK(view.ok()) << view.status().ToString();
    // The sanitizer sees what lies outside.
    if (view->bytes > 0) (void)Hash64({view->data, view->bytes});
  }
}

void UseArtifact(const Artifact& artifact) {
  const artifact::Manifest& manifest = artifact.manifest();
  (void)SummaryText(artifact);
  (void)QuantizationText({manifest.weights().begin(), manifest.weights().end()}, 3);
  artifact.PrefetchWeights();
  for (int i = 0; i < manifest.weights_size(); ++i) {
    const absl::string_view bytes = artifact.WeightBytes(static_cast<uint32_t>(i));
    (void)Hash64(bytes);
  }
  for (const artifact::Section& section : manifest.sections())
    (void)artifact.Section(section.name());
  for (const artifact::Program& program : manifest.programs()) {
    (void)ProgramText(manifest, program, /*verbose=*/true);
    CheckingDevice device;
    auto loaded = Program::Load(artifact, program.entry(), device);
    if (loaded.ok()) RunStep(manifest, **loaded, device);
  }
}

void OpenFile(absl::string_view bytes) {
  const MemoryFile file(bytes);
  auto artifact = Artifact::Open(file.path());
  if (!artifact.ok()) return;
  (void)artifact->VerifyAll();
  UseArtifact(*artifact);
}

// Mutations never get checksums right: here they are, for the place where the file says that the
// manifest is.
std::string Repaired(absl::string_view bytes) {
  FileHeader header = {.file_size = bytes.size()};
  std::memcpy(&header.format_version, bytes.data() + 8, sizeof(uint32_t));
  std::memcpy(&header.manifest_offset, bytes.data() + 16, sizeof(uint64_t));
  std::memcpy(&header.manifest_size, bytes.data() + 24, sizeof(uint64_t));
  if (header.manifest_offset > bytes.size() ||
      header.manifest_size > bytes.size() - header.manifest_offset) {
    return std::string(bytes);
  }
  header.manifest_xxh3 = Hash64(bytes.substr(header.manifest_offset, header.manifest_size));
  return absl::StrCat(EncodeHeader(header), bytes.substr(kHeaderBytes));
}

// A file of zeros with the sections that the manifest tells of, all checksums right: it must open.
void OpenManifest(artifact::Manifest manifest) {
  manifest.set_kernel_abi(kKernelAbi);
  uint64_t end = kHeaderBytes;
  for (const artifact::Section& section : manifest.sections()) {
    end = std::max(end, section.offset() + section.size());
  }
  if (end > kMaxBytes || !CheckManifest(manifest, end).ok()) return;
  std::string bytes(end, '\0');
  for (artifact::Section& section : *manifest.mutable_sections()) {
    section.set_xxh3(Hash64(absl::string_view(bytes).substr(0, section.size())));
  }
  FileHeader header;
  header.manifest_offset = end;
  const std::string manifest_bytes = manifest.SerializeAsString();
  header.manifest_size = manifest_bytes.size();
  header.manifest_xxh3 = Hash64(manifest_bytes);
  header.file_size = end + manifest_bytes.size();
  bytes.replace(0, kHeaderBytes, EncodeHeader(header));
  const MemoryFile file(absl::StrCat(bytes, manifest_bytes));
  auto artifact = Artifact::Open(file.path());
  LATHE_CHECK(artifact.ok()) << artifact.status().ToString();
  const absl::Status status = artifact->VerifyAll();
  LATHE_CHECK(status.ok()) << status.ToString();
  UseArtifact(*artifact);
}

void LoadCode(absl::string_view elf) {
  auto object = ElfObject::Load(elf);
  if (object.ok()) (void)object->Find("matmul");
}

void ReadManifest(absl::string_view bytes) {
  const google::protobuf::LogSilencer quiet;
  artifact::Manifest manifest;
  if (!manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  OpenManifest(std::move(manifest));
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes = lathe::fuzz::Text(data, size);
  if (absl::StartsWith(bytes, absl::string_view(lathe::kArtifactMagic, 4))) {
    lathe::fuzz::OpenFile(bytes);
    if (size >= lathe::kHeaderBytes) lathe::fuzz::OpenFile(lathe::fuzz::Repaired(bytes));
  } else if (absl::StartsWith(bytes,
                              "\x7f"
                              "ELF")) {
    lathe::fuzz::LoadCode(bytes);
  } else {
    lathe::fuzz::ReadManifest(bytes);
  }
  return 0;
}
