// Checkpoint files. The bytes are read as a whole safetensors file, as the header of one with data
// behind it that fits, and as the index of shards.
#include "frontend/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors_header.h"
#include "frontend/checkpoint/safetensors_writer.h"
#include "frontend/checkpoint/shard_index.h"
#include "runtime/base/check.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

// More than any mutated header needs, little to allocate.
constexpr uint64_t kMaxDataBytes = 1 << 16;

bool IsInside(absl::string_view part, absl::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckEqual(const SafetensorsContent& a, const SafetensorsContent& b) {
  LATHE_CHECK(a.metadata == b.metadata) << "metadata";
  LATHE_CHECK(a.tensors.size() == b.tensors.size()) << a.tensors.size();
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const SafetensorsTensor& left = a.tensors[i];
    const SafetensorsTensor& right = b.tensors[i];
    LATHE_CHECK(left.name == right.name && left.offset == right.offset &&
                left.view.dtype == right.view.dtype && left.view.shape == right.view.shape &&
                left.view.bytes == right.view.bytes)
        << left.name << " and " << right.name;
  }
}

// What was accepted lies in the file, and written again reads as the same.
void CheckContent(const SafetensorsContent& content, absl::string_view file) {
  SafetensorsWriter writer;
  for (const auto& [key, value] : content.metadata) writer.AddMetadata(key, value);
  uint64_t covered = 0;
  for (const SafetensorsTensor& tensor : content.tensors) {
    LATHE_CHECK(IsInside(tensor.view.bytes, file)) << tensor.name;
    LATHE_CHECK(tensor.offset == covered) << tensor.name << " leaves a hole";
    covered += tensor.view.bytes.size();
    writer.Add(tensor.name, tensor.view);
  }
  auto rewritten = writer.Header();
  LATHE_CHECK(rewritten.ok()) << rewritten.status().ToString();
  for (const SafetensorsTensor& tensor : content.tensors) {
    absl::StrAppend(&*rewritten, tensor.view.bytes);
  }
  auto again = ReadSafetensors(*rewritten, "f");
  LATHE_CHECK(again.ok()) << again.status().ToString();
  CheckEqual(*again, content);
}

void ReadFile(absl::string_view file) {
  auto content = ReadSafetensors(file, "f");
  if (content.ok()) CheckContent(*content, file);
}

// Mutations hardly ever get the length in front and the size of the data right: here both are.
void ReadHeader(absl::string_view json) {
  auto header = ParseSafetensorsHeader(json, "f");
  if (!header.ok()) return;
  uint64_t end = 0;
  for (const SafetensorsEntry& entry : header->entries) end = std::max(end, entry.end);
  const uint64_t length = json.size();
  ReadFile(absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&length), sizeof(length)),
                        json, std::string(std::min(end, kMaxDataBytes), '\x5a')));
}

void ReadIndex(absl::string_view json) {
  auto index = ParseShardIndex(json, "f");
  if (!index.ok()) return;
  LATHE_CHECK(std::is_sorted(index->files.begin(), index->files.end())) << "files";
  for (const auto& [tensor, file] : index->weight_map) {
    LATHE_CHECK(std::binary_search(index->files.begin(), index->files.end(), file)) << file;
    LATHE_CHECK(file.find('/') == std::string::npos && file != "..") << file;
  }
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lathe::fuzz::Text(data, size);
  lathe::fuzz::ReadFile(text);
  lathe::fuzz::ReadHeader(text);
  lathe::fuzz::ReadIndex(text);
  return 0;
}
