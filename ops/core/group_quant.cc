#include "ops/core/group_quant.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"

// Sums must not depend on whether the machine that compiles a model fuses multiplications.
#pragma STDC FP_CONTRACT OFF

namespace lathe {
namespace {

constexpr int64_t kMaxGroup = 128;
// Sums run over this many chains, so that they are vectors and still have one order.
constexpr int64_t kChains = 16;
constexpr float kLargestF16 = 65504.0f;
// Adding and subtracting 1.5 * 2^23 rounds a float of less than 2^22 to the nearest even integer.
constexpr float kRounder = 12582912.0f;

// A group, filled up with zeros, which change no sum.
using Group = std::array<float, kMaxGroup>;
using Chains = std::array<float, kChains>;

struct Range {
  float low, high;
};

Range RangeOf(const GroupQuant& format) {
  return format.bits == 8 ? Range{-127.0f, 127.0f} : Range{-8.0f, 7.0f};
}

// The nearest number to `scaled`. Not a number becomes `low`.
inline float RoundToRange(float scaled, Range range) {
  float inside = scaled > range.low ? scaled : range.low;
  inside = inside < range.high ? inside : range.high;
  return (inside + kRounder) - kRounder;
}

// A tree, which is one order and as short as vectors allow.
float Sum(Chains chains) {
  for (int64_t width = kChains / 2; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) chains[i] += chains[i + width];
  }
  return chains[0];
}

// The element of the largest magnitude, with its sign.
float Extreme(const Group& group, int64_t size) {
  float extreme = 0;
  for (int64_t i = 0; i < size; ++i) {
    if (std::fabs(group[i]) > std::fabs(extreme)) extreme = group[i];
  }
  return extreme;
}

float LargestMagnitude(const Group& group, int64_t size) {
  Chains largest = {};
  for (int64_t base = 0; base < size; base += kChains) {
    for (int64_t i = 0; i < kChains; ++i) {
      const float magnitude = std::fabs(group[base + i]);
      largest[i] = magnitude > largest[i] ? magnitude : largest[i];
    }
  }
  return *std::max_element(largest.begin(), largest.end());
}

// For the numbers that `inverse_scale` gives, the scale of least squared error is
// sum(value * number) / sum(number^2), and it takes sum(value * number)^2 / sum(number^2) off the
// squared norm.
struct Fit {
  double scale = 0;
  double gain = 0;
};

Fit FitScale(const Group& group, int64_t size, float inverse_scale, Range range) {
  Chains products = {}, squares = {};
  for (int64_t base = 0; base < size; base += kChains) {
    for (int64_t i = 0; i < kChains; ++i) {
      const float value = group[base + i];
      const float number = RoundToRange(value * inverse_scale, range);
      products[i] += value * number;
      squares[i] += number * number;
    }
  }
  const double product = Sum(products), square = Sum(squares);
  if (square == 0) return {};
  return {product / square, product * product / square};
}

// The element of the largest magnitude becomes -8, as llama.cpp ggml/src/ggml-quants.c
// quantize_row_q4_0_ref has it; then scales around that one are tried and the best is moved to the
// least squares, as make_qx_quants of the same file does for its formats, in steps of 0.2 numbers
// instead of 0.1.
float ScaleOfInt4(const Group& group, int64_t size) {
  constexpr int kSteps = 4;
  const float extreme = Extreme(group, size);
  if (extreme == 0) return 0;
  const Range range{-8.0f, 7.0f};
  Fit best = FitScale(group, size, -8.0f / extreme, range);
  for (int step = -kSteps; step <= kSteps; ++step) {
    if (step == 0) continue;
    const Fit fit =
        FitScale(group, size, -(8.0f + 0.2f * static_cast<float>(step)) / extreme, range);
    if (fit.gain > best.gain) best = fit;
  }
  return static_cast<float>(best.scale);
}

// As the kernels will read it. A scale beyond f16 is cut to the largest one: the numbers saturate
// and the error tells.
uint16_t StoredScale(float scale) { return F32ToF16(std::clamp(scale, -kLargestF16, kLargestF16)); }

QuantError QuantizeGroup(const Group& group, int64_t size, float scale, Range range,
                         absl::Span<int8_t> numbers) {
  const float inverse = scale == 0 ? 0 : 1 / scale;
  std::array<int8_t, kMaxGroup> rounded;
  Chains errors = {}, norms = {};
  for (int64_t base = 0; base < size; base += kChains) {
    for (int64_t i = 0; i < kChains; ++i) {
      const float value = group[base + i];
      const float number = RoundToRange(value * inverse, range);
      rounded[base + i] = static_cast<int8_t>(number);
      const float error = value - scale * number;
      errors[i] += error * error;
      norms[i] += value * value;
    }
  }
  std::copy_n(rounded.begin(), numbers.size(), numbers.begin());
  return {Sum(errors), Sum(norms)};
}

}  // namespace

std::string Describe(const GroupQuant& format) {
  return absl::StrCat("int", format.bits, " in groups of ", format.group);
}

QuantError& QuantError::operator+=(const QuantError& other) {
  squared_error += other.squared_error;
  squared_norm += other.squared_norm;
  return *this;
}

double QuantError::Relative() const {
  return squared_norm == 0 ? std::sqrt(squared_error) : std::sqrt(squared_error / squared_norm);
}

QuantError QuantizeRow(const GroupQuant& format, absl::Span<const float> row,
                       absl::Span<int8_t> numbers, absl::Span<uint16_t> scales) {
  const auto inner = static_cast<int64_t>(row.size());
  LATHE_CHECK((format.bits == 4 || format.bits == 8) && format.group % kChains == 0 &&
              format.group <= kMaxGroup && numbers.size() == row.size() &&
              static_cast<int64_t>(scales.size()) == format.Groups(inner))
      << Describe(format) << ", " << inner << " values, " << numbers.size() << " numbers, "
      << scales.size() << " scales";
  const Range range = RangeOf(format);
  QuantError error;
  for (int64_t begin = 0; begin < inner; begin += format.group) {
    const int64_t count = std::min(format.group, inner - begin);
    Group group = {};
    std::copy_n(row.begin() + begin, count, group.begin());
    const float wanted = format.bits == 8 ? LargestMagnitude(group, format.group) / range.high
                                          : ScaleOfInt4(group, format.group);
    const uint16_t stored = StoredScale(wanted);
    scales[static_cast<size_t>(begin / format.group)] = stored;
    error += QuantizeGroup(group, format.group, F16ToF32(stored), range,
                           numbers.subspan(static_cast<size_t>(begin), static_cast<size_t>(count)));
  }
  return error;
}

void DequantizeRow(const GroupQuant& format, absl::Span<const int8_t> numbers,
                   absl::Span<const uint16_t> scales, absl::Span<float> row) {
  for (size_t k = 0; k < row.size(); ++k) {
    row[k] = F16ToF32(scales[k / static_cast<size_t>(format.group)]) * numbers[k];
  }
}

HostTensor QuantizedValues(const GroupQuant& format, const HostTensor& matrix) {
  HostTensor values(DType::kF32, matrix.shape());
  const auto inner = static_cast<size_t>(matrix.width());
  std::vector<int8_t> numbers(inner);
  std::vector<uint16_t> scales(static_cast<size_t>(format.Groups(matrix.width())));
  for (size_t row = 0; row < static_cast<size_t>(matrix.num_rows()); ++row) {
    QuantizeRow(format, matrix.floats().subspan(row * inner, inner), absl::MakeSpan(numbers),
                absl::MakeSpan(scales));
    DequantizeRow(format, numbers, scales, values.floats().subspan(row * inner, inner));
  }
  return values;
}

}  // namespace lathe
