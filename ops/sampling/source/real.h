// The little mathematics that choosing a token needs, in plain arithmetic: compiled code of an
// artifact imports no library, and a library's exp would give other bits on another machine.
// Products and sums are never fused: clang obeys the pragma, a GPU's compiler takes --fmad=false.
#pragma once

#include <cstdint>

namespace lathe::sampling {

inline constexpr float kInfinity = __builtin_bit_cast(float, uint32_t{0x7f800000});

constexpr bool IsNan(float value) { return value != value; }

// e^x for x <= 0, within 1e-14 of the value; 0 below -700. Cody and Waite's reduction to
// |r| <= ln(2)/2, then Taylor's series, whose 12th term is below 1e-14.
constexpr double Exp(double x) {
#pragma STDC FP_CONTRACT OFF
  if (!(x >= -700)) return 0;
  constexpr double kLog2E = 1.4426950408889634;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // the low 32 bits are zero
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  const int n = static_cast<int>(x * kLog2E - 0.5);  // nearest, since x <= 0
  const double r = (x - n * kLn2High) - n * kLn2Low;
  constexpr double kInverse[] = {1.0,     1.0 / 2, 1.0 / 3, 1.0 / 4,  1.0 / 5, 1.0 / 6,
                                 1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 / 10, 1.0 / 11};
  double sum = 1;
  for (int term = 10; term >= 0; --term) sum = 1 + r * kInverse[term] * sum;
  return sum * __builtin_bit_cast(double, static_cast<uint64_t>(1023 + n) << 52);
}

// The natural logarithm of a positive normal x, within 1e-14: x = 2^n m with m in
// [sqrt(1/2), sqrt(2)), ln(m) = 2 artanh((m - 1) / (m + 1)) as a series.
constexpr double Log(double x) {
#pragma STDC FP_CONTRACT OFF
  constexpr double kLn2 = 6.93147180559945309417e-01;
  constexpr double kSqrt2 = 1.4142135623730951;
  const uint64_t bits = __builtin_bit_cast(uint64_t, x);
  int n = static_cast<int>(bits >> 52) - 1023;
  double m = __builtin_bit_cast(double, (bits & 0xfffffffffffff) | uint64_t{1023} << 52);
  if (m >= kSqrt2) {
    m /= 2;
    ++n;
  }
  const double s = (m - 1) / (m + 1);
  double sum = 0;
  for (int power = 17; power >= 1; power -= 2) sum = sum * (s * s) + 1.0 / power;
  return n * kLn2 + 2 * s * sum;
}

// The upper 64 bits of a * b: a uniform 64-bit `a` becomes a uniform number in [0, b).
constexpr uint64_t MulHigh(uint64_t a, uint64_t b) {
  constexpr uint64_t kLow = 0xffffffff;
  const uint64_t low = (a & kLow) * (b & kLow);
  const uint64_t middle = (a >> 32) * (b & kLow) + (low >> 32);
  const uint64_t other = (a & kLow) * (b >> 32) + (middle & kLow);
  return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

}  // namespace lathe::sampling
