// The little mathematics that choosing a token needs, in plain arithmetic: compiled code of an
// artifact imports no library, and a library's exp would give other bits on another machine.
// Products and sums are never fused: clang obeys the pragma, a GPU's compiler takes --fmad=false.
#pragma once

#include <cstdint>

namespace lathe::sampling {

inline constexpr float kInfinity = __builtin_bit_cast(float, uint32_t{0x7f800000});

constexpr bool IsNan(float value) { return value != value; }

// 2^(j / 32), rounded.
inline constexpr double kPowersOf2[32] = {
    0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
    0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
    0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
    0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
    0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
    0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
    0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
    0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0};

// e^x for x <= 0, within 1e-14 of the value; e^-700 below -700 and for what is no number. Without
// branches, so that loops over it become vectors. Tang's method ("Table-driven implementation of
// the exponential function", 1989): x = n ln(2)/32 + r, then Taylor's series for |r| <= ln(2)/64,
// whose 6th term is below 3e-15.
constexpr double Exp(double x) {
#pragma STDC FP_CONTRACT OFF
  constexpr double kStepsPerUnit = 46.16624130844683;            // 32 / ln(2)
  constexpr double kStepHigh = 6.93147180369123816490e-01 / 32;  // the low 32 bits are zero
  constexpr double kStepLow = 1.90821492927058770002e-10 / 32;
  x = x >= -700 ? x : -700;
  const int n = static_cast<int>(x * kStepsPerUnit - 0.5);  // nearest, since x <= 0
  const double r = (x - n * kStepHigh) - n * kStepLow;
  const double series =
      1 + r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120)))));
  const double power = __builtin_bit_cast(double, static_cast<uint64_t>(1023 + (n >> 5)) << 52);
  return series * kPowersOf2[n & 31] * power;
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
