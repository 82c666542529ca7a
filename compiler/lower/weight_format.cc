#include "compiler/lower/weight_format.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "llvm/Support/raw_ostream.h"
#include "ops/core/extent.h"

namespace lathe {
namespace {

struct FormatInfo {
  absl::string_view layout;
  std::optional<GroupQuant> quant = {};
};

const FormatInfo& InfoOf(WeightFormat format) {
  static constexpr FormatInfo kInfos[] = {{"k2n16"},
                                          {"k1n16"},
                                          {"q8g32n16", GroupQuant{.bits = 8, .group = 32}},
                                          {"q8g128n16", GroupQuant{.bits = 8, .group = 128}},
                                          {"q4g32n16", GroupQuant{.bits = 4, .group = 32}},
                                          {"q4g128n16", GroupQuant{.bits = 4, .group = 128}}};
  return kInfos[static_cast<size_t>(format)];
}

}  // namespace

absl::string_view LayoutName(WeightFormat format) { return InfoOf(format).layout; }

std::optional<GroupQuant> QuantOf(WeightFormat format) { return InfoOf(format).quant; }

std::optional<WeightFormat> WeightFormatNamed(absl::string_view layout) {
  for (WeightFormat format : kAllWeightFormats) {
    if (LayoutName(format) == layout) return format;
  }
  return std::nullopt;
}

absl::StatusOr<WeightFormat> WeightFormatOf(mlir::RankedTensorType type) {
  if (std::optional<GroupQuant> quant = GroupQuantOf(type)) {
    for (WeightFormat format : kAllWeightFormats) {
      if (QuantOf(format) == quant) return format;
    }
    return absl::FailedPreconditionError(
        absl::StrCat("no packed layout for weights of ", Describe(*quant)));
  }
  if (type.getElementType().isBF16()) return WeightFormat::kBF16Pairs;
  if (type.getElementType().isF32()) return WeightFormat::kF32;
  std::string text;
  llvm::raw_string_ostream(text) << type.getElementType();
  return absl::FailedPreconditionError(absl::StrCat("no packed layout for weights of type ", text));
}

int64_t PackedBlockBytes(WeightFormat format, int64_t inner) {
  if (std::optional<GroupQuant> quant = QuantOf(format))
    return GroupLayout(*quant, inner).BlockBytes();
  const int64_t lines = format == WeightFormat::kF32 ? inner : (inner + 1) / 2;
  return lines * kLineBytes;
}

int64_t PackedWeightBytes(WeightFormat format, int64_t columns, int64_t inner) {
  return NumBlocks(columns) * PackedBlockBytes(format, inner);
}

}  // namespace lathe
