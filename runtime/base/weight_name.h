// The name of a weight says where a checkpoint keeps it: the name of one tensor, or a way to put
// matrices together.
//   "model.norm.weight"              that tensor
//   "experts.*.up_proj.weight"       [E, N, K]: matrix e is experts.e.up_proj.weight
//   "experts.gate_up_proj[0:768]"    [E, 768, K]: rows 0 to 767 of each matrix of the tensor
// A `*` and a range do not come together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

struct WeightName {
  std::string tensor;  // with the `*`
  // Rows of each matrix of the tensor; none: all.
  struct Rows {
    int64_t begin = 0;
    int64_t end = 0;
    bool operator==(const Rows&) const = default;
  };
  std::optional<Rows> rows;

  // InvalidArgument for brackets that are no range, for two `*`, and for a `*` with a range.
  static absl::StatusOr<WeightName> Parse(absl::string_view name);

  bool is_stack() const { return tensor.find('*') != std::string::npos; }
  // The tensor that holds matrix `index`.
  std::string TensorOf(int64_t index) const;
};

// Matrix `index` of the weight `name`, [N, K] or what each tensor of a stack is; for the name of
// one tensor the tensor itself, and index is 0. NotFound names the missing tensor; InvalidArgument
// for a range that the tensor does not have, or an index behind its first extent.
absl::StatusOr<TensorView> FindPart(const TensorSource& source, absl::string_view name,
                                    int64_t index);

// A tensor of the checkpoint that the weight `name` of `shape` is read from: all of them, each
// once. Where only some rows are read, the number of rows is as far as is known: at least the
// range's end.
struct SourceTensor {
  std::string name;
  std::vector<int64_t> shape;
};
absl::StatusOr<std::vector<SourceTensor>> SourceTensors(absl::string_view name,
                                                        absl::Span<const int64_t> shape);

}  // namespace lathe
