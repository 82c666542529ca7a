#include "frontend/checkpoint/safetensors_writer.h"

#include <bit>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "runtime/base/atomic_file.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Data begins at a multiple of this, so that a mapped file has aligned tensors (as the reference
// writer does).
constexpr size_t kHeaderAlignment = 8;
constexpr absl::string_view kMetadata = "\"__metadata__\"";

// `text` as a JSON string; none when it is not UTF-8.
std::optional<std::string> JsonString(absl::string_view text) {
  using Handler = nlohmann::json::error_handler_t;
  std::string quoted = nlohmann::json(std::string(text)).dump(-1, ' ', false, Handler::ignore);
  // The library left out what is not UTF-8: an equal text means that there was nothing to leave
  // out.
  const nlohmann::json back = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  if (back.get_ref<const std::string&>() != ToStd(text)) return std::nullopt;
  return quoted;
}

}  // namespace

void SafetensorsWriter::Add(absl::string_view name, TensorView tensor) {
  const uint64_t expected = static_cast<uint64_t>(tensor.num_elements()) * ByteSize(tensor.dtype);
  LATHE_CHECK(tensor.bytes.size() == expected)
      << std::string(name) << ": " << tensor.bytes.size() << " bytes for " << Describe(tensor);
  tensors_.emplace_back(std::string(name), std::move(tensor));
}

void SafetensorsWriter::AddMetadata(absl::string_view key, absl::string_view value) {
  metadata_.emplace_back(std::string(key), std::string(value));
}

absl::StatusOr<std::string> SafetensorsWriter::Header() const {
  std::vector<std::string> members;
  if (!metadata_.empty()) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : metadata_) {
      std::optional<std::string> key_text = JsonString(key);
      std::optional<std::string> value_text = JsonString(value);
      if (!key_text || !value_text) {
        return absl::InvalidArgumentError(absl::StrCat("metadata ", Quoted(key), " is not UTF-8"));
      }
      lines.push_back(absl::StrCat(*key_text, ":", *value_text));
    }
    members.push_back(absl::StrCat(kMetadata, ":{", absl::StrJoin(lines, ","), "}"));
  }
  std::set<std::string> seen = {std::string(kMetadata)};
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors_) {
    std::optional<std::string> name_text = JsonString(name);
    if (!name_text || !seen.insert(*name_text).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", Quoted(name), ": the name must be UTF-8 and occur once"));
    }
    const uint64_t end = offset + tensor.bytes.size();
    members.push_back(absl::StrCat(*name_text, ":{\"dtype\":\"", DTypeName(tensor.dtype),
                                   "\",\"shape\":[", absl::StrJoin(tensor.shape, ","),
                                   "],\"data_offsets\":[", offset, ",", end, "]}"));
    offset = end;
  }
  std::string text = absl::StrCat("{", absl::StrJoin(members, ","), "}");
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  static_assert(std::endian::native == std::endian::little);
  const uint64_t length = text.size();
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&length), sizeof(length)),
                      text);
}

absl::Status SafetensorsWriter::Write(const std::string& path) const {
  LATHE_ASSIGN_OR_RETURN(const std::string header, Header(), path);
  LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  LATHE_RETURN_IF_ERROR(file.Append(header));
  for (const auto& [name, tensor] : tensors_) LATHE_RETURN_IF_ERROR(file.Append(tensor.bytes));
  return file.Commit();
}

}  // namespace lathe
