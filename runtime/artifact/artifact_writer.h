// Writes a .lathe file piece by piece: sections in order, the weights tensor by tensor, the
// manifest last. The file appears under its name only when Finish() succeeds; same calls, same
// bytes.
//   LATHE_ASSIGN_OR_RETURN(ArtifactWriter writer, ArtifactWriter::Create("m.lathe"));
//   LATHE_RETURN_IF_ERROR(writer.BeginSection("weights", /*lazy=*/true));
//   LATHE_ASSIGN_OR_RETURN(uint32_t index, writer.AddWeight(description, packed_bytes));
//   LATHE_RETURN_IF_ERROR(writer.EndSection());
//   LATHE_ASSIGN_OR_RETURN(uint32_t code, writer.AddSection("code.cpu.x86-64-v3", elf, false));
//   manifest.add_code()->set_section(code);
//   LATHE_RETURN_IF_ERROR(writer.Finish(std::move(manifest)));
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/hash.h"

namespace lathe {

// The section that Weight offsets refer to.
inline constexpr char kWeightsSection[] = "weights";

class ArtifactWriter {
 public:
  static absl::StatusOr<ArtifactWriter> Create(const std::string& path);

  ArtifactWriter(ArtifactWriter&&) = default;

  // A whole section at once. Returns its index in Manifest.sections. Names must differ; a lazy
  // section is checked by --verify only.
  absl::StatusOr<uint32_t> AddSection(absl::string_view name, absl::string_view bytes, bool lazy);

  // A section in pieces.
  absl::Status BeginSection(absl::string_view name, bool lazy);
  absl::Status Append(absl::string_view bytes);
  absl::Status EndSection();

  // A tensor at the next multiple of 64 of the open section "weights". Name, dtype, shape and
  // layout come from `weight`, the rest is filled in here. Returns its index in Manifest.weights.
  // Large tensors may come in pieces instead: Begin, Append..., End.
  absl::StatusOr<uint32_t> AddWeight(const artifact::Weight& weight, absl::string_view bytes);
  absl::Status BeginWeight(const artifact::Weight& weight);
  absl::StatusOr<uint32_t> EndWeight();

  // Writes `manifest` with the sections and weights written so far, then gives the file its name. A
  // manifest that the reader would refuse is an Internal error: the compiler's fault, not the
  // user's.
  absl::Status Finish(artifact::Manifest manifest);

 private:
  explicit ArtifactWriter(AtomicFile file) : file_(std::move(file)) {}
  bool in_section() const { return section_hash_ != nullptr; }
  bool in_weight() const { return weight_hash_ != nullptr; }
  absl::Status AppendRaw(absl::string_view bytes);

  AtomicFile file_;
  std::vector<artifact::Section> sections_;
  std::vector<artifact::Weight> weights_;
  // Of what is open now; null when nothing is.
  std::unique_ptr<Hasher64> section_hash_;
  std::unique_ptr<Hasher64> weight_hash_;
};

}  // namespace lathe
