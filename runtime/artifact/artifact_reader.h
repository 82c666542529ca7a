// An artifact opened for use: the file is mapped, its manifest parsed and checked, so that every
// index and range in it may be trusted; sections are checked when they are first asked for, weights
// only by VerifyAll().
//   LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open("m.lathe"));
//   LATHE_ASSIGN_OR_RETURN(absl::string_view text, artifact.Section("chat_template"));
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/artifact/file_header.h"
#include "runtime/artifact/format_version.h"
#include "runtime/base/mapped_file.h"

namespace lathe {

class Artifact {
 public:
  // Errors: NotFound without such a file; InvalidArgument for a file that is no artifact or one of
  // a version that is not accepted; DataLoss for a damaged one. All name the file and say how to go
  // on. `formats`: what to accept; manifest() is one of formats.current, whatever the file holds.
  static absl::StatusOr<Artifact> Open(const std::string& path,
                                       const ReadableFormats& formats = FormatsOfThisBuild());

  const std::string& path() const { return file_.path(); }
  uint64_t file_bytes() const { return file_.bytes().size(); }
  // Of the file, before its manifest was brought up to date.
  uint32_t format_version() const { return header_.format_version; }
  // Of the manifest, which holds the hashes of all else: what was computed with one artifact is of
  // use to those of the same hash alone.
  uint64_t hash() const { return header_.manifest_xxh3; }
  const artifact::Manifest& manifest() const { return *manifest_; }

  bool HasSection(absl::string_view name) const;
  // The section's bytes, in the mapping. NotFound when the artifact has none of that name, DataLoss
  // when its checksum does not match. May be called by several threads.
  absl::StatusOr<absl::string_view> Section(absl::string_view name) const;
  // The section number `index` of the manifest, which must be valid (the checked manifest names no
  // other).
  absl::StatusOr<absl::string_view> Section(uint32_t index) const;

  // The bytes of weight number `index` of the manifest, 64-byte aligned, not checked against their
  // hash.
  absl::string_view WeightBytes(uint32_t index) const;

  // Reads the whole file: every section and every weight against its hash, and zeros between the
  // sections.
  absl::Status VerifyAll() const;

  // Asks the kernel to read the weights ahead.
  void PrefetchWeights() const;

 private:
  explicit Artifact(MappedFile file) : file_(std::move(file)) {}
  absl::Status ReadManifest(const ReadableFormats& formats);
  absl::string_view BytesOf(const artifact::Section& section) const;
  absl::Status CheckHash(const artifact::Section& section) const;
  absl::Status CheckWeights() const;
  absl::Status CheckPadding() const;

  MappedFile file_;
  FileHeader header_;
  std::unique_ptr<artifact::Manifest> manifest_;
  int weights_section_ = -1;
  // One for each section: its hash was right. A race costs a second check, no more.
  std::unique_ptr<std::atomic<bool>[]> checked_;
};

}  // namespace lathe
