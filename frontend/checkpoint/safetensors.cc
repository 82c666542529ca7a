#include "frontend/checkpoint/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/checkpoint/safetensors_header.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr uint64_t kLengthBytes = 8;

// Splits the file into header and data by the length in front.
absl::StatusOr<std::pair<absl::string_view, absl::string_view>> Split(const MappedFile& file) {
  const absl::string_view bytes = file.bytes();
  if (bytes.size() < kLengthBytes) {
    return absl::DataLossError(absl::StrCat(file.path(), ": ", bytes.size(),
                                            " bytes, too short for a safetensors file (at least ",
                                            kLengthBytes, "); copy or download it again"));
  }
  static_assert(std::endian::native == std::endian::little);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path(), ": header length ", length, " in the first 8 bytes, at most ",
                     kMaxSafetensorsHeaderBytes, "; this is not a safetensors file"));
  }
  if (length > bytes.size() - kLengthBytes) {
    return absl::DataLossError(absl::StrCat(file.path(), ": the header ends at byte ",
                                            kLengthBytes + length, ", the file at ", bytes.size(),
                                            ": it is truncated; copy or download it again"));
  }
  const absl::string_view header = bytes.substr(kLengthBytes, length);
  if (header.empty() || header[0] != '{') {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path(), ": the header begins with ", Quoted(header.substr(0, 1)),
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

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::Open(path));
  LATHE_ASSIGN_OR_RETURN(auto parts, Split(mapped));
  const absl::string_view data = parts.second;
  LATHE_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(parts.first, path));

  absl::flat_hash_map<absl::string_view, size_t> seen;
  seen.reserve(header.entries.size());
  for (size_t i = 0; i < header.entries.size(); ++i) {
    const SafetensorsEntry& entry = header.entries[i];
    if (!seen.emplace(entry.name, i).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": tensor ", Quoted(entry.name), ": the name occurs twice"));
    }
    LATHE_RETURN_IF_ERROR(CheckEntry(entry, data.size()), path, ": tensor ", Quoted(entry.name));
  }
  // Empty tensors come before the one that begins where they lie; ties go by name.
  std::sort(header.entries.begin(), header.entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  LATHE_RETURN_IF_ERROR(CheckCover(header.entries, data.size()), path);

  SafetensorsFile file(std::move(mapped));
  file.metadata_ = std::move(header.metadata);
  file.tensors_.reserve(header.entries.size());
  file.index_.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    file.index_.emplace(entry.name, file.tensors_.size());
    file.tensors_.push_back(
        {std::move(entry.name),
         {entry.dtype, std::move(entry.shape), data.substr(entry.begin, entry.end - entry.begin)},
         entry.begin});
  }
  return file;
}

const TensorView* SafetensorsFile::Find(absl::string_view name) const {
  auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second].view;
}

}  // namespace lathe
