// Writes tensors as a safetensors file, whole or not at all, in the order given: equal input gives
// equal bytes.
//   SafetensorsWriter writer;
//   writer.Add("logits", {DType::kF32, {2, 8}, bytes});
//   LATHE_RETURN_IF_ERROR(writer.Write("dump.safetensors"));
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

class SafetensorsWriter {
 public:
  // The bytes must stay valid until Write, and their number must be what shape and dtype ask for
  // (checked: LATHE_CHECK).
  void Add(absl::string_view name, TensorView tensor);
  // One line of __metadata__.
  void AddMetadata(absl::string_view key, absl::string_view value);

  // What stands in front of the tensors' bytes. InvalidArgument for a name that was added twice or
  // is not UTF-8.
  absl::StatusOr<std::string> Header() const;
  // Header and bytes. Errors: those of Header and AtomicFile, with the path.
  absl::Status Write(const std::string& path) const;

 private:
  std::vector<std::pair<std::string, TensorView>> tensors_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace lathe
