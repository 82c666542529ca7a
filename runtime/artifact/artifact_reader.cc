#include "runtime/artifact/artifact_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/artifact/manifest_check.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr char kHowToGoOn[] = "; copy the file again, or compile the model again";

}  // namespace

absl::StatusOr<Artifact> Artifact::Open(const std::string& path, const ReadableFormats& formats) {
  LATHE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  Artifact artifact(std::move(file));
  LATHE_RETURN_IF_ERROR(artifact.ReadManifest(formats), path);
  return artifact;
}

absl::Status Artifact::ReadManifest(const ReadableFormats& formats) {
  LATHE_ASSIGN_OR_RETURN(header_, DecodeHeader(file_.bytes(), formats));
  const absl::string_view bytes =
      file_.bytes().substr(header_.manifest_offset, header_.manifest_size);
  if (Hash64(bytes) != header_.manifest_xxh3) {
    return absl::DataLossError(absl::StrCat("the manifest's checksum does not match", kHowToGoOn));
  }
  manifest_ = std::make_unique<artifact::Manifest>();
  const google::protobuf::LogSilencer one_message_is_enough;
  if (!manifest_->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError(absl::StrCat("the manifest cannot be parsed", kHowToGoOn));
  }
  LATHE_RETURN_IF_ERROR(UpgradeManifest(header_.format_version, formats, *manifest_), "manifest");
  LATHE_RETURN_IF_ERROR(CheckManifest(*manifest_, header_.manifest_offset), "manifest");
  checked_ = std::make_unique<std::atomic<bool>[]>(
      static_cast<size_t>(std::max(manifest_->sections_size(), 1)));
  for (int i = 0; i < manifest_->sections_size(); ++i) {
    if (manifest_->sections(i).name() == kWeightsSection) weights_section_ = i;
  }
  return absl::OkStatus();
}

absl::string_view Artifact::BytesOf(const artifact::Section& section) const {
  return file_.bytes().substr(section.offset(), section.size());
}

absl::Status Artifact::CheckHash(const artifact::Section& section) const {
  if (Hash64(BytesOf(section)) == section.xxh3()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path(), ": section ", Quoted(section.name()),
                                          ": the checksum does not match", kHowToGoOn));
}

bool Artifact::HasSection(absl::string_view name) const {
  return std::any_of(
      manifest_->sections().begin(), manifest_->sections().end(),
      [&](const artifact::Section& section) { return section.name() == ToStd(name); });
}

absl::StatusOr<absl::string_view> Artifact::Section(absl::string_view name) const {
  for (int i = 0; i < manifest_->sections_size(); ++i) {
    if (manifest_->sections(i).name() == ToStd(name)) return Section(static_cast<uint32_t>(i));
  }
  std::vector<std::string> names;
  for (const artifact::Section& section : manifest_->sections()) names.push_back(section.name());
  const std::string nearest = Nearest(name, names);
  return absl::NotFoundError(absl::StrCat(
      path(), " has no section ", Quoted(name),
      nearest.empty() ? std::string() : absl::StrCat(" (did you mean ", Quoted(nearest), "?)")));
}

absl::StatusOr<absl::string_view> Artifact::Section(uint32_t index) const {
  LATHE_CHECK(index < static_cast<uint32_t>(manifest_->sections_size())) << "section " << index;
  const artifact::Section& section = manifest_->sections(static_cast<int>(index));
  if (!section.lazy() && !checked_[index].load(std::memory_order_acquire)) {
    LATHE_RETURN_IF_ERROR(CheckHash(section));
    checked_[index].store(true, std::memory_order_release);
  }
  return BytesOf(section);
}

absl::string_view Artifact::WeightBytes(uint32_t index) const {
  LATHE_CHECK(index < static_cast<uint32_t>(manifest_->weights_size())) << "weight " << index;
  const artifact::Weight& weight = manifest_->weights(static_cast<int>(index));
  return BytesOf(manifest_->sections(weights_section_)).substr(weight.offset(), weight.size());
}

absl::Status Artifact::CheckWeights() const {
  for (int i = 0; i < manifest_->weights_size(); ++i) {
    const artifact::Weight& weight = manifest_->weights(i);
    if (Hash64(WeightBytes(static_cast<uint32_t>(i))) != weight.xxh3()) {
      return absl::DataLossError(absl::StrCat(path(), ": section ", Quoted(kWeightsSection),
                                              ": the checksum of ", weight.name(),
                                              " does not match", kHowToGoOn));
    }
  }
  return absl::OkStatus();
}

absl::Status Artifact::CheckPadding() const {
  uint64_t end = kHeaderBytes;
  auto zeros_up_to = [&](uint64_t next, absl::string_view name) -> absl::Status {
    const absl::string_view gap = file_.bytes().substr(end, next - end);
    if (gap.find_first_not_of('\0') == absl::string_view::npos) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat(path(), ": the padding before ", name, " is not zero", kHowToGoOn));
  };
  for (const artifact::Section& section : manifest_->sections()) {
    LATHE_RETURN_IF_ERROR(
        zeros_up_to(section.offset(), absl::StrCat("section ", Quoted(section.name()))));
    end = section.offset() + section.size();
  }
  return zeros_up_to(header_.manifest_offset, "the manifest");
}

absl::Status Artifact::VerifyAll() const {
  for (const artifact::Section& section : manifest_->sections()) {
    absl::Status status = CheckHash(section);
    // The section's hash covers every byte; the tensors' own hashes then tell which one is damaged.
    if (!status.ok() && section.name() == kWeightsSection) LATHE_RETURN_IF_ERROR(CheckWeights());
    if (!status.ok()) return status;
  }
  return CheckPadding();
}

void Artifact::PrefetchWeights() const {
  if (weights_section_ < 0) return;
  const artifact::Section& section = manifest_->sections(weights_section_);
  file_.Prefetch(section.offset(), section.size());
}

}  // namespace lathe
