#include "frontend/checkpoint/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/checkpoint/safetensors_header.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr uint64_t kLengthBytes = 8;

// Splits the file into header and data by the length in front.
absl::StatusOr<std::pair<absl::string_view, absl::string_view>> Split(absl::string_view bytes,
                                                                      absl::string_view origin) {
  if (bytes.size() < kLengthBytes) {
    return absl::DataLossError(absl::StrCat(origin, ": ", bytes.size(),
                                            " bytes, too short for a safetensors file (at least ",
                                            kLengthBytes, "); copy or download it again"));
  }
  static_assert(std::endian::native == std::endian::little);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": header length ", length, " in the first 8 bytes, at most ",
                     kMaxSafetensorsHeaderBytes, "; this is not a safetensors file"));
  }
  if (length > bytes.size() - kLengthBytes) {
    return absl::DataLossError(absl::StrCat(origin, ": the header ends at byte ",
                                            kLengthBytes + length, ", the file at ", bytes.size(),
                                            ": it is truncated; copy or download it again"));
  }
  const absl::string_view header = bytes.substr(kLengthBytes, length);
  if (header.empty() || header[0] != '{') {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": the header begins with ", Quoted(header.substr(0, 1)),
                     ", expected \"{\"; this is not a safetensors file"));
  }
  return std::make_pair(header, bytes.substr(kLengthBytes + length));
}

// Bytes of a tensor by shape and dtype; none when the product overflows.
std::optional<uint64_t> BytesOf(const SafetensorsEntry& entry) {
  // A zero extent makes an empty tensor, whatever the others are.
  if (std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end()) return 0;
  uint64_t bytes = ByteSize(entry.dtype);
  for (int64_t extent : entry.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) return std::nullopt;
  }
  // Counts of elements and bytes are signed elsewhere.
  if (bytes > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return bytes;
}

absl::Status CheckNames(const std::vector<SafetensorsEntry>& entries) {
  absl::flat_hash_set<absl::string_view> seen;
  seen.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) {
    if (seen.insert(entry.name).second) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", Quoted(entry.name), ": the name occurs twice"));
  }
  return absl::OkStatus();
}

// What concerns one tensor and the size of the data section.
absl::Status CheckEntry(const SafetensorsEntry& entry, uint64_t data_bytes) {
  if (entry.begin > entry.end) {
    return absl::InvalidArgumentError(
        absl::StrCat("data_offsets [", entry.begin, ", ", entry.end, "] end before they begin"));
  }
  const std::string shape = absl::StrJoin(entry.shape, ", ");
  std::optional<uint64_t> bytes = BytesOf(entry);
  if (!bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the size of shape [", shape, "] ", DTypeName(entry.dtype), " overflows"));
  }
  if (entry.end - entry.begin != *bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data_offsets [", entry.begin, ", ", entry.end, "] hold ", entry.end - entry.begin,
        " bytes, expected ", *bytes, " for shape [", shape, "] ", DTypeName(entry.dtype)));
  }
  if (entry.end > data_bytes) {
    return absl::DataLossError(absl::StrCat("data ends at byte ", entry.end,
                                            " of the data section, which has ", data_bytes,
                                            ": the file is truncated; copy or download it again"));
  }
  return absl::OkStatus();
}

// Tensors, sorted by place, must cover the data section without holes and without overlap.
absl::Status CheckCover(const std::vector<SafetensorsEntry>& entries, uint64_t data_bytes) {
  uint64_t covered = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const SafetensorsEntry& entry = entries[i];
    if (entry.begin < covered) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", Quoted(entry.name), ": begins at byte ", entry.begin, " and overlaps tensor ",
          Quoted(entries[i - 1].name), ", which ends at ", covered));
    }
    if (entry.begin > covered) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", Quoted(entry.name), ": begins at byte ", entry.begin,
                       ", leaving a hole of ", entry.begin - covered, " bytes before it"));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tensors end at byte ", covered, " of the data section, which has ",
                     data_bytes, ": ", data_bytes - covered, " bytes belong to no tensor"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SafetensorsContent> ReadSafetensors(absl::string_view bytes,
                                                   absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(auto parts, Split(bytes, origin));
  const absl::string_view data = parts.second;
  LATHE_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(parts.first, origin));
  std::vector<SafetensorsEntry>& entries = header.entries;
  LATHE_RETURN_IF_ERROR(CheckNames(entries), origin);
  for (const SafetensorsEntry& entry : entries) {
    LATHE_RETURN_IF_ERROR(CheckEntry(entry, data.size()), origin, ": tensor ", Quoted(entry.name));
  }
  // Empty tensors come before the one that begins where they lie; ties go by name.
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  LATHE_RETURN_IF_ERROR(CheckCover(entries, data.size()), origin);

  SafetensorsContent content;
  content.metadata = std::move(header.metadata);
  content.tensors.reserve(entries.size());
  for (SafetensorsEntry& entry : entries) {
    const absl::string_view tensor_bytes = data.substr(entry.begin, entry.end - entry.begin);
    content.tensors.push_back(
        {std::move(entry.name), {entry.dtype, std::move(entry.shape), tensor_bytes}, entry.begin});
  }
  return content;
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::Open(path));
  SafetensorsFile file(std::move(mapped));
  LATHE_ASSIGN_OR_RETURN(file.content_, ReadSafetensors(file.file_.bytes(), path));
  file.index_.reserve(file.tensors().size());
  for (size_t i = 0; i < file.tensors().size(); ++i) file.index_.emplace(file.tensors()[i].name, i);
  return file;
}

const TensorView* SafetensorsFile::Find(absl::string_view name) const {
  auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors()[it->second].view;
}

}  // namespace lathe
