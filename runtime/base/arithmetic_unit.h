// The instructions that matrix products are made of: what the speed of a kernel's arithmetic is
// limited by.
//   Work work{.flops = 2e9, .bytes = 1e6, .unit = ArithmeticUnit::kDotBF16};
//   UnitName(work.unit);  // "dot bf16"
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/string_view.h"

namespace lathe {

enum class ArithmeticUnit : uint8_t {
  kFmaF32,   // f32 fused multiply-add, as wide as the feature level has it
  kDotInt8,  // vpdpbusd: 4 products of u8 and i8 added to i32
  kDotBF16,  // vdpbf16ps: 2 products of bf16 added to f32
  kFmaF16,   // f16 fused multiply-add
};

inline constexpr ArithmeticUnit kArithmeticUnits[] = {
    ArithmeticUnit::kFmaF32, ArithmeticUnit::kDotInt8, ArithmeticUnit::kDotBF16,
    ArithmeticUnit::kFmaF16};
inline constexpr size_t kNumArithmeticUnits = std::size(kArithmeticUnits);

// "fma f32", "dot int8", "dot bf16", "fma f16".
absl::string_view UnitName(ArithmeticUnit unit);
// "GFLOP/s", or "GOP/s" for integers: of 1e9 operations a second.
absl::string_view UnitRate(ArithmeticUnit unit);
// The instruction by which assembly shows the use of the unit: "vpdpbusd".
absl::string_view UnitInstruction(ArithmeticUnit unit);

}  // namespace lathe
