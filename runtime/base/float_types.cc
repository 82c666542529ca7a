#include "runtime/base/float_types.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace lathe {
namespace {

// A binary float with `exponent_bits` and `mantissa_bits` to f32; infinities as in IEEE 754.
float SmallFloatToF32(uint32_t bits, int exponent_bits, int mantissa_bits) {
  const uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>((bits >> mantissa_bits) & ((1u << exponent_bits) - 1));
  const float sign = (bits >> (exponent_bits + mantissa_bits)) & 1u ? -1.0f : 1.0f;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa ? std::numeric_limits<float>::quiet_NaN()
                    : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(static_cast<float>(mantissa | (1u << mantissa_bits)),
                           exponent - bias - mantissa_bits);
}

template <typename T>
T Load(const void* data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

float F16ToF32(uint16_t bits) { return SmallFloatToF32(bits, 5, 10); }
float F8E5M2ToF32(uint8_t bits) { return SmallFloatToF32(bits, 5, 2); }

float F8E4M3ToF32(uint8_t bits) {
  if ((bits & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  const int exponent = (bits >> 3) & 15;
  const float sign = bits & 0x80 ? -1.0f : 1.0f;
  const int mantissa = bits & 7;
  // Exponent 15 holds numbers up to 448 here, so the IEEE helper does not serve.
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -9);
  return sign * std::ldexp(static_cast<float>(mantissa | 8), exponent - 10);
}

float F8E8M0ToF32(uint8_t bits) {
  if (bits == 0xff) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, static_cast<int>(bits) - 127);
}

uint16_t F32ToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and above round to infinity
  if (magnitude < 0x38800000u) {                        // below 2^-14: subnormal, in units of 2^-24
    const float scaled = std::bit_cast<float>(magnitude) * 0x1p24f;
    return sign | static_cast<uint16_t>(std::nearbyint(scaled));
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return sign | static_cast<uint16_t>((rounded - 0x38000000u) >> 13);
}

float LoadAsF32(DType dtype, const void* data, size_t index) {
  switch (dtype) {
    case DType::kF32: return Load<float>(data, index);
    case DType::kF16: return F16ToF32(Load<uint16_t>(data, index));
    case DType::kBF16: return BF16ToF32(Load<uint16_t>(data, index));
    case DType::kF8E4M3: return F8E4M3ToF32(Load<uint8_t>(data, index));
    case DType::kF8E5M2: return F8E5M2ToF32(Load<uint8_t>(data, index));
    case DType::kF8E8M0: return F8E8M0ToF32(Load<uint8_t>(data, index));
    case DType::kI64: return static_cast<float>(Load<int64_t>(data, index));
    case DType::kI32: return static_cast<float>(Load<int32_t>(data, index));
    case DType::kI16: return static_cast<float>(Load<int16_t>(data, index));
    case DType::kI8: return static_cast<float>(Load<int8_t>(data, index));
    case DType::kU8: return static_cast<float>(Load<uint8_t>(data, index));
    case DType::kBool: return Load<uint8_t>(data, index) ? 1.0f : 0.0f;
    case DType::kF64: return static_cast<float>(Load<double>(data, index));
  }
  return 0;
}

void ConvertToF32(DType dtype, const void* src, absl::Span<float> dst) {
  if (dtype == DType::kF32) {
    std::memcpy(dst.data(), src, dst.size() * sizeof(float));
    return;
  }
  if (dtype == DType::kBF16) {
    for (size_t i = 0; i < dst.size(); ++i) dst[i] = BF16ToF32(Load<uint16_t>(src, i));
    return;
  }
  for (size_t i = 0; i < dst.size(); ++i) dst[i] = LoadAsF32(dtype, src, i);
}

}  // namespace lathe
