#include "runtime/artifact/artifact_writer.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "runtime/artifact/file_header.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/artifact/manifest_check.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

std::string Serialize(const artifact::Manifest& manifest) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    LATHE_CHECK(manifest.SerializeToCodedStream(&coded)) << "manifest over 2 GiB";
  }
  return bytes;
}

}  // namespace

absl::StatusOr<ArtifactWriter> ArtifactWriter::Create(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  // The header's place: its content is known last. A file without it is not an artifact.
  LATHE_RETURN_IF_ERROR(file.Append(std::string(kHeaderBytes, '\0')));
  return ArtifactWriter(std::move(file));
}

absl::Status ArtifactWriter::AppendRaw(absl::string_view bytes) {
  section_hash_->Update(bytes);
  return file_.Append(bytes);
}

absl::Status ArtifactWriter::BeginSection(absl::string_view name, bool lazy) {
  LATHE_CHECK(!in_section()) << std::string(name) << " begins inside " << sections_.back().name();
  for (const artifact::Section& section : sections_) {
    LATHE_CHECK(section.name() != ToStd(name)) << "two sections " << section.name();
  }
  LATHE_RETURN_IF_ERROR(file_.AlignTo(kSectionAlignment));
  artifact::Section& section = sections_.emplace_back();
  section.set_name(std::string(name));
  section.set_offset(file_.size());
  section.set_lazy(lazy);
  section_hash_ = std::make_unique<Hasher64>();
  return absl::OkStatus();
}

absl::Status ArtifactWriter::Append(absl::string_view bytes) {
  LATHE_CHECK(in_section()) << "bytes outside a section";
  if (in_weight()) weight_hash_->Update(bytes);
  return AppendRaw(bytes);
}

absl::Status ArtifactWriter::EndSection() {
  LATHE_CHECK(in_section() && !in_weight()) << "no section is open, or a weight still is";
  artifact::Section& section = sections_.back();
  section.set_size(file_.size() - section.offset());
  section.set_xxh3(section_hash_->Digest());
  section_hash_.reset();
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ArtifactWriter::AddSection(absl::string_view name, absl::string_view bytes,
                                                    bool lazy) {
  LATHE_RETURN_IF_ERROR(BeginSection(name, lazy));
  LATHE_RETURN_IF_ERROR(Append(bytes));
  LATHE_RETURN_IF_ERROR(EndSection());
  return static_cast<uint32_t>(sections_.size() - 1);
}

absl::Status ArtifactWriter::BeginWeight(const artifact::Weight& weight) {
  LATHE_CHECK(in_section() && sections_.back().name() == kWeightsSection && !in_weight())
      << weight.name() << " outside section " << kWeightsSection << " or inside another weight";
  const uint64_t section_offset = sections_.back().offset();
  static constexpr std::array<char, kBufferAlignment> kZeros = {};
  const uint64_t past = (file_.size() - section_offset) % kBufferAlignment;
  if (past != 0) {
    LATHE_RETURN_IF_ERROR(AppendRaw(absl::string_view(kZeros.data(), kBufferAlignment - past)));
  }
  artifact::Weight& added = weights_.emplace_back(weight);
  added.set_offset(file_.size() - section_offset);
  weight_hash_ = std::make_unique<Hasher64>();
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ArtifactWriter::EndWeight() {
  LATHE_CHECK(in_weight()) << "no weight is open";
  artifact::Weight& weight = weights_.back();
  weight.set_size(file_.size() - sections_.back().offset() - weight.offset());
  weight.set_xxh3(weight_hash_->Digest());
  weight_hash_.reset();
  return static_cast<uint32_t>(weights_.size() - 1);
}

absl::StatusOr<uint32_t> ArtifactWriter::AddWeight(const artifact::Weight& weight,
                                                   absl::string_view bytes) {
  LATHE_RETURN_IF_ERROR(BeginWeight(weight));
  LATHE_RETURN_IF_ERROR(Append(bytes));
  return EndWeight();
}

absl::Status ArtifactWriter::Finish(artifact::Manifest manifest) {
  const google::protobuf::LogSilencer one_message_is_enough;
  LATHE_CHECK(!in_section()) << "section " << sections_.back().name() << " is still open";
  LATHE_CHECK(manifest.sections_size() == 0 && manifest.weights_size() == 0)
      << "sections and weights are the writer's to fill in";
  for (artifact::Section& section : sections_) *manifest.add_sections() = std::move(section);
  for (artifact::Weight& weight : weights_) *manifest.add_weights() = std::move(weight);
  manifest.set_kernel_abi(kKernelAbi);
  LATHE_RETURN_IF_ERROR(file_.AlignTo(kSectionAlignment));
  FileHeader header;
  header.manifest_offset = file_.size();
  if (absl::Status status = CheckManifest(manifest, header.manifest_offset); !status.ok()) {
    return absl::InternalError(
        absl::StrCat("the compiler made a manifest that no reader accepts: ", status.message()));
  }
  const std::string bytes = Serialize(manifest);
  if (!artifact::Manifest().ParseFromString(bytes)) {  // strings must be UTF-8
    return absl::InternalError("the compiler put a string into the manifest that is not UTF-8");
  }
  header.manifest_size = bytes.size();
  header.manifest_xxh3 = Hash64(bytes);
  header.file_size = header.manifest_offset + bytes.size();
  LATHE_RETURN_IF_ERROR(file_.Append(bytes));
  LATHE_RETURN_IF_ERROR(file_.WriteAt(0, EncodeHeader(header)));
  return file_.Commit();
}

}  // namespace lathe
