// One spelling of tensor names for all checkpoints of a model. Multimodal checkpoints hold the
// language model under "model.language_model.", plain ones under "model.", embedding models under
// nothing; this source shows all of them under "model.".
//   LATHE_ASSIGN_OR_RETURN(auto tensors, CanonicalNames::Over(*checkpoint, folder));
//   tensors->Find("model.layers.0.mlp.up_proj.weight");
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

class CanonicalNames : public TensorSource {
 public:
  // Tries the prefixes in the order above. `stored` must outlive the result; `origin` is its name
  // for messages. Errors: NotFound when no prefix leads to decoder layers or an embedding,
  // InvalidArgument when two stored tensors would get the same name.
  static absl::StatusOr<std::unique_ptr<CanonicalNames>> Over(const TensorSource& stored,
                                                              absl::string_view origin);

  const TensorView* Find(absl::string_view name) const override;
  std::vector<std::string> Names() const override;
  std::string Origin(absl::string_view name) const override;

  // What stands for "model." in the checkpoint: "model.language_model.", "model." or "".
  const std::string& prefix() const { return prefix_; }
  // The name in the checkpoint of the tensor that is called `name` here; `name` itself when there
  // is none.
  std::string StoredName(absl::string_view name) const;

 private:
  explicit CanonicalNames(const TensorSource& stored) : stored_(stored) {}

  const TensorSource& stored_;
  std::string prefix_;
  std::map<std::string, std::string, std::less<>> stored_names_;  // by canonical name
};

}  // namespace lathe
