#include "runtime/base/dtype.h"

#include <array>

namespace lathe {
namespace {

struct DTypeInfo {
  DType dtype;
  const char* name;
  size_t bytes;
  bool is_float;
};

constexpr std::array<DTypeInfo, 13> kInfos = {{
    {DType::kF32, "F32", 4, true},
    {DType::kF16, "F16", 2, true},
    {DType::kBF16, "BF16", 2, true},
    {DType::kF8E4M3, "F8_E4M3", 1, true},
    {DType::kF8E5M2, "F8_E5M2", 1, true},
    {DType::kF8E8M0, "F8_E8M0", 1, true},
    {DType::kI64, "I64", 8, false},
    {DType::kI32, "I32", 4, false},
    {DType::kI16, "I16", 2, false},
    {DType::kI8, "I8", 1, false},
    {DType::kU8, "U8", 1, false},
    {DType::kBool, "BOOL", 1, false},
    {DType::kF64, "F64", 8, true},
}};

const DTypeInfo& Info(DType dtype) { return kInfos[static_cast<size_t>(dtype)]; }

}  // namespace

size_t ByteSize(DType dtype) { return Info(dtype).bytes; }
absl::string_view DTypeName(DType dtype) { return Info(dtype).name; }
bool IsFloat(DType dtype) { return Info(dtype).is_float; }

std::optional<DType> ParseDType(absl::string_view name) {
  for (const DTypeInfo& info : kInfos) {
    if (name == info.name) return info.dtype;
  }
  return std::nullopt;
}

}  // namespace lathe
