// Weights as small integers: int8 or int4, with one f16 scale for each group of consecutive
// elements of a row. Symmetric: zero is the number 0, and a value is its scale times its number,
// which f32 holds exactly.
//   GroupQuant format{.bits = 4, .group = 32};
//   QuantError error = QuantizeRow(format, row, absl::MakeSpan(numbers), absl::MakeSpan(scales));
//   float value = F16ToF32(scales[k / 32]) * numbers[k];
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "ops/core/host_tensor.h"

namespace lathe {

struct GroupQuant {
  int bits = 8;        // 8: numbers in [-127, 127]; 4: numbers in [-8, 7]
  int64_t group = 32;  // elements that share a scale; the last group of a row may be short

  int64_t Groups(int64_t inner) const { return (inner + group - 1) / group; }
  // Bytes of a row of `inner` elements as stored: the numbers of whole groups, and the scales.
  int64_t RowBytes(int64_t inner) const { return Groups(inner) * (group * bits / 8 + 2); }

  bool operator==(const GroupQuant&) const = default;
};

// "int4 in groups of 32": for messages and reports.
std::string Describe(const GroupQuant& format);

// What is lost: sums over elements, to be added up in one order where equal bits matter.
struct QuantError {
  double squared_error = 0;  // of value - scale * number
  double squared_norm = 0;   // of value

  QuantError& operator+=(const QuantError& other);
  // ||value - scale * number|| / ||value||; 0 for zeros, not finite for values that are not.
  double Relative() const;
};

// Quantises one row: a number for each element, a scale (f16 bits) for each group. Depends on the
// row alone, to the last bit. Values that are not finite become numbers in range, and an error that
// is not finite tells of them.
QuantError QuantizeRow(const GroupQuant& format, absl::Span<const float> row,
                       absl::Span<int8_t> numbers, absl::Span<uint16_t> scales);

// The values of a quantised row.
void DequantizeRow(const GroupQuant& format, absl::Span<const int8_t> numbers,
                   absl::Span<const uint16_t> scales, absl::Span<float> row);

// A matrix as it is after quantisation row by row: what the ops that read the weight compute with.
HostTensor QuantizedValues(const GroupQuant& format, const HostTensor& matrix);

}  // namespace lathe
