// Conversions between f32 and the narrow float types, bit for bit as IEEE 754 and the OCP 8-bit formats define them.
#pragma once

#include <bit>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/base/dtype.h"

namespace lathe {

inline float BF16ToF32(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

// Round to nearest, ties to even; a NaN stays a (quiet) NaN.
inline uint16_t F32ToBF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float F16ToF32(uint16_t bits);
uint16_t F32ToF16(float value);  // round to nearest even, overflow to infinity
float F8E4M3ToF32(uint8_t bits);  // the "fn" form: no infinities, 0x7f and 0xff are NaN
float F8E5M2ToF32(uint8_t bits);
float F8E8M0ToF32(uint8_t bits);  // 2^(bits-127), 0xff is NaN

// Element `index` of an array of `dtype` at `data`, which need not be aligned, as f32 (integers too).
float LoadAsF32(DType dtype, const void* data, size_t index);

// Widens or narrows `count` elements at `src` of type `dtype` to f32.
void ConvertToF32(DType dtype, const void* src, absl::Span<float> dst);

}  // namespace lathe
