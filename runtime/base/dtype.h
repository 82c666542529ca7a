// Element types of tensors in files, in the IR and in memory.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace lathe {

enum class DType : uint8_t {
  kF32, kF16, kBF16, kF8E4M3, kF8E5M2, kF8E8M0, kI64, kI32, kI16, kI8, kU8, kBool, kF64,
};

// Bytes of one element.
size_t ByteSize(DType dtype);

// "F32", "BF16", "F8_E4M3": the spelling of safetensors.
absl::string_view DTypeName(DType dtype);

// The inverse of DTypeName; none for a name that safetensors does not have.
std::optional<DType> ParseDType(absl::string_view name);

// True for the types that hold real numbers in floating point.
bool IsFloat(DType dtype);

}  // namespace lathe
