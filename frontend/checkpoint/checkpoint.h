// A checkpoint folder as a source of tensors: model.safetensors, or the shards that
// model.safetensors.index.json names. Files are mapped, nothing is copied.
//   LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint, Checkpoint::Open("Qwen3-8B"));
//   for (const std::string& warning : checkpoint->warnings()) ...
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/checkpoint/safetensors.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

class Checkpoint : public TensorSource {
 public:
  // Errors: NotFound when the folder holds no checkpoint or a shard is missing, InvalidArgument and
  // DataLoss for broken files; each names the file and, where there is one, the tensor.
  static absl::StatusOr<std::unique_ptr<Checkpoint>> Open(const std::string& folder);

  const TensorView* Find(absl::string_view name) const override;
  std::vector<std::string> Names() const override;
  // The path of the file that holds `name`, or the folder for a name that is not there.
  std::string Origin(absl::string_view name) const override;

  // In the order of their names.
  const std::vector<SafetensorsFile>& files() const { return files_; }
  // What is odd but harmless: tensors that a shard holds and the index does not name.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Bytes of all tensors.
  uint64_t total_bytes() const;

 private:
  struct Place {
    size_t file;
    const TensorView* view;
  };

  Checkpoint() = default;
  absl::Status OpenSingle(const std::string& path);
  absl::Status OpenSharded(const std::string& index_path);

  std::string folder_;
  std::vector<SafetensorsFile> files_;
  absl::flat_hash_map<std::string, Place> places_;
  std::vector<std::string> warnings_;
};

}  // namespace lathe
