#include "runtime/artifact/proto_types.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/check.h"
#include "runtime/base/strings.h"

namespace lathe {

std::optional<DType> FromProto(artifact::DType dtype) {
  switch (dtype) {
    case artifact::F32:
      return DType::kF32;
    case artifact::BF16:
      return DType::kBF16;
    case artifact::F16:
      return DType::kF16;
    case artifact::I32:
      return DType::kI32;
    case artifact::I64:
      return DType::kI64;
    case artifact::I8:
      return DType::kI8;
    case artifact::U8:
      return DType::kU8;
    default:
      return std::nullopt;
  }
}

artifact::DType ToProto(DType dtype) {
  for (int value = artifact::DType_MIN; value <= artifact::DType_MAX; ++value) {
    const auto candidate = static_cast<artifact::DType>(value);
    if (FromProto(candidate) == dtype) return candidate;
  }
  LATHE_CHECK(false) << "the manifest has no element type " << std::string(DTypeName(dtype));
  return artifact::DTYPE_UNSPECIFIED;
}

ArithmeticUnit UnitOf(const artifact::Kernel& kernel, absl::string_view feature_level) {
  for (const artifact::LevelUnit& level : kernel.units()) {
    if (level.feature_level() != ToStd(feature_level)) continue;
    for (ArithmeticUnit unit : kArithmeticUnits) {
      if (ToProto(unit) == level.unit()) return unit;
    }
  }
  return ArithmeticUnit::kFmaF32;
}

artifact::Unit ToProto(ArithmeticUnit unit) {
  switch (unit) {
    case ArithmeticUnit::kFmaF32:
      return artifact::FMA_F32;
    case ArithmeticUnit::kDotInt8:
      return artifact::DOT_INT8;
    case ArithmeticUnit::kDotBF16:
      return artifact::DOT_BF16;
    case ArithmeticUnit::kFmaF16:
      return artifact::FMA_F16;
  }
  LATHE_CHECK(false) << "no such unit";
  return artifact::FMA_F32;
}

std::string ExprText(const artifact::Expr& expr, const SymbolNames& symbols) {
  std::string text;
  for (const artifact::Expr::Term& term : expr.terms()) {
    std::vector<std::string> factors;
    for (uint32_t symbol : term.symbols()) {
      factors.push_back(symbols.Get(static_cast<int>(symbol)));
    }
    std::string product = absl::StrJoin(factors, "*");
    if (term.divisor() > 1) {
      product = absl::StrCat("ceil(", product.empty() ? "1" : product, "/", term.divisor(), ")");
    }
    if (!text.empty()) text += " + ";
    if (product.empty()) {
      absl::StrAppend(&text, term.coefficient());
    } else if (term.coefficient() == 1) {
      text += product;
    } else {
      absl::StrAppend(&text, term.coefficient(), "*", product);
    }
  }
  return text.empty() ? "0" : text;
}

std::string ShapeText(const google::protobuf::RepeatedPtrField<artifact::Expr>& shape,
                      const SymbolNames& symbols) {
  std::vector<std::string> extents;
  for (const artifact::Expr& extent : shape) extents.push_back(ExprText(extent, symbols));
  return absl::StrCat("[", absl::StrJoin(extents, ", "), "]");
}

}  // namespace lathe
