// The manifest's types in terms of the rest of the runtime: element types, sizes, and expressions
// as text.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/base/arithmetic_unit.h"
#include "runtime/base/dtype.h"

namespace lathe {

using SymbolNames = google::protobuf::RepeatedPtrField<std::string>;

// None for DTYPE_UNSPECIFIED and for types that this build does not know.
std::optional<DType> FromProto(artifact::DType dtype);
// LATHE_CHECKs that the manifest can say `dtype`.
artifact::DType ToProto(DType dtype);

// The unit that does the arithmetic of `kernel` in the code of `feature_level`. Units that this
// build does not know count as f32 fused multiply-adds: they only limit what is shown.
ArithmeticUnit UnitOf(const artifact::Kernel& kernel, absl::string_view feature_level);
artifact::Unit ToProto(ArithmeticUnit unit);

// "4096*tokens + 64*ceil(tokens*sequences/16)", "0" for no terms. The indices must be valid.
std::string ExprText(const artifact::Expr& expr, const SymbolNames& symbols);

// "[tokens, 128]".
std::string ShapeText(const google::protobuf::RepeatedPtrField<artifact::Expr>& shape,
                      const SymbolNames& symbols);

}  // namespace lathe
