// The first 64 bytes of a .lathe file, as README.md describes them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/artifact/format_version.h"

namespace lathe {

// The first bytes. The high first byte and the line ends catch transfers that treat the file as
// text.
inline constexpr char kArtifactMagic[8] = {'\x89', 'L', 'A', 'T', 'H', 'E', '\r', '\n'};
inline constexpr uint64_t kHeaderBytes = 64;
// Sections start at multiples of this, so that they can be mapped: the page of x86-64.
inline constexpr uint64_t kSectionAlignment = 4096;
// Far above any real manifest (one of 10 000 weights and 5 000 commands has a few MB), below what
// protobuf can parse.
inline constexpr uint64_t kMaxManifestBytes = uint64_t{1} << 30;

struct FileHeader {
  uint32_t format_version = kFormatVersion;
  uint64_t manifest_offset = 0;
  uint64_t manifest_size = 0;
  uint64_t manifest_xxh3 = 0;
  uint64_t file_size = 0;
};

// kHeaderBytes bytes.
std::string EncodeHeader(const FileHeader& header);

// Checks everything that can be said about `file`, the whole file's bytes, from its header.
// InvalidArgument: not a .lathe file, or one of a version outside `formats`. DataLoss: it was one,
// and was damaged on its way. Messages do not name the file.
absl::StatusOr<FileHeader> DecodeHeader(absl::string_view file,
                                        const ReadableFormats& formats = FormatsOfThisBuild());

}  // namespace lathe
