#include "runtime/artifact/file_header.h"

#include <bit>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

static_assert(std::endian::native == std::endian::little);

// Offsets of the fields.
constexpr size_t kVersionAt = 8;
constexpr size_t kHeaderSizeAt = 12;
constexpr size_t kManifestOffsetAt = 16;
constexpr size_t kManifestSizeAt = 24;
constexpr size_t kManifestHashAt = 32;
constexpr size_t kFileSizeAt = 40;
constexpr size_t kHeaderHashAt = 56;

template <typename T>
void Put(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

template <typename T>
T Get(absl::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(what, "; the file is damaged: copy it again, or compile the model again"));
}

// A file that starts like an artifact but not with the right first 8 bytes was changed on its way.
absl::Status CheckArtifactMagic(absl::string_view file) {
  const absl::string_view magic(kArtifactMagic, sizeof(kArtifactMagic));
  if (absl::StartsWith(file, magic)) return absl::OkStatus();
  if (file.size() < magic.size() && magic.substr(0, file.size()) == file) {
    return Damaged(
        absl::StrCat("the file has ", file.size(), " bytes, the header alone ", kHeaderBytes));
  }
  return absl::InvalidArgumentError(
      "not a .lathe file (its first bytes differ); `lathe compile` makes one from a model folder");
}

}  // namespace

std::string EncodeHeader(const FileHeader& header) {
  std::string bytes(kHeaderBytes, '\0');
  std::memcpy(bytes.data(), kArtifactMagic, sizeof(kArtifactMagic));
  Put(bytes, kVersionAt, header.format_version);
  Put<uint32_t>(bytes, kHeaderSizeAt, kHeaderBytes);
  Put(bytes, kManifestOffsetAt, header.manifest_offset);
  Put(bytes, kManifestSizeAt, header.manifest_size);
  Put(bytes, kManifestHashAt, header.manifest_xxh3);
  Put(bytes, kFileSizeAt, header.file_size);
  Put(bytes, kHeaderHashAt, Hash64(absl::string_view(bytes).substr(0, kHeaderHashAt)));
  return bytes;
}

absl::StatusOr<FileHeader> DecodeHeader(absl::string_view file, const ReadableFormats& formats) {
  if (absl::Status magic = CheckArtifactMagic(file); !magic.ok()) return magic;
  if (file.size() < kHeaderBytes) {
    return Damaged(
        absl::StrCat("the file has ", file.size(), " bytes, the header alone ", kHeaderBytes));
  }
  // The hash comes before the version: a damaged version is damage, not another version.
  if (Get<uint64_t>(file, kHeaderHashAt) != Hash64(file.substr(0, kHeaderHashAt))) {
    return Damaged("the header's checksum does not match");
  }
  FileHeader header;
  header.format_version = Get<uint32_t>(file, kVersionAt);
  LATHE_RETURN_IF_ERROR(CheckFormatVersion(header.format_version, formats));
  if (const auto size = Get<uint32_t>(file, kHeaderSizeAt); size != kHeaderBytes) {
    return Damaged(absl::StrCat("the header claims ", size, " bytes, expected ", kHeaderBytes));
  }
  header.manifest_offset = Get<uint64_t>(file, kManifestOffsetAt);
  header.manifest_size = Get<uint64_t>(file, kManifestSizeAt);
  header.manifest_xxh3 = Get<uint64_t>(file, kManifestHashAt);
  header.file_size = Get<uint64_t>(file, kFileSizeAt);
  if (header.file_size != file.size()) {
    return Damaged(absl::StrCat("the file has ", file.size(), " bytes, its header expects ",
                                header.file_size,
                                file.size() < header.file_size ? " (cut short)" : " (grown)"));
  }
  if (header.manifest_offset < kHeaderBytes || header.manifest_offset > file.size() ||
      header.manifest_size != file.size() - header.manifest_offset ||
      header.manifest_size > kMaxManifestBytes) {
    return Damaged(absl::StrCat("the manifest claims bytes ", header.manifest_offset, " + ",
                                header.manifest_size, " of a file of ", file.size()));
  }
  return header;
}

}  // namespace lathe
