// Quantises weights and puts them into the order in which kernels read them, at the speed of
// memory: ops/core/group_quant.h says which numbers, compiler/lower/weight_format.h where they go.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/lower/weight_format.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// Packs `weight` [columns, inner] (F32, F16 or BF16) in `format`, one of small integers, into
// `out`, which has PackedWeightBytes of it, and returns what that lost. Neither bytes nor error
// depend on `threads`. InvalidArgument for other dtypes, ranks and sizes, and for values that are
// not finite.
absl::StatusOr<QuantError> QuantizeWeight(const TensorView& weight, WeightFormat format,
                                          int threads, absl::Span<char> out);

// What kernels make of it: [columns, inner] as f32.
void UnpackQuantizedWeight(absl::Span<const char> packed, WeightFormat format, int64_t columns,
                           int64_t inner, absl::Span<float> out);

}  // namespace lathe
