// Puts weights into the order in which kernels read them (Weight.layout in
// runtime/artifact/artifact.proto), at the speed of memory.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/weight_format.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// Packs `weight` [columns, inner] (F32, F16 or BF16) in a format of floats (quantize_weights.h has
// the others) into `out`, which has PackedWeightBytes of it. Columns are padded to 16 and inner to
// 2 (bf16) with zeros. F16 and F32 become bf16 by rounding to nearest even where the format is
// kBF16Pairs; everything else is exact. The bytes do not depend on `threads`. InvalidArgument for
// other dtypes, ranks and sizes.
absl::Status PackWeight(const TensorView& weight, WeightFormat format, int threads,
                        absl::Span<char> out);

// Copies `tensor` to layout "rows" in `storage`, converting like PackWeight.
absl::Status PackRows(const TensorView& tensor, Storage storage, int threads, absl::Span<char> out);

// The inverse of PackWeight: [columns, inner] as f32.
void UnpackWeight(absl::Span<const char> packed, WeightFormat format, int64_t columns,
                  int64_t inner, absl::Span<float> out);

}  // namespace lathe
