#include "compiler/emit/quantize_weights.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/float_types.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::RandomFloats;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr WeightFormat kFormats[] = {WeightFormat::kInt8Group32, WeightFormat::kInt8Group128,
                                     WeightFormat::kInt4Group32, WeightFormat::kInt4Group128};

std::string BytesOf(const HostTensor& tensor) {
  if (tensor.dtype() == DType::kF32)
    return {reinterpret_cast<const char*>(tensor.floats().data()), tensor.floats().size() * 4};
  std::string bytes;
  for (float value : tensor.floats()) {
    const uint16_t bits = tensor.dtype() == DType::kBF16 ? F32ToBF16(value) : F32ToF16(value);
    bytes.append(reinterpret_cast<const char*>(&bits), 2);
  }
  return bytes;
}

struct Packed {
  std::string bytes;
  QuantError error;
};

Packed Pack(const HostTensor& weight, WeightFormat format, int threads = 1) {
  const std::string bytes = BytesOf(weight);
  const TensorView view{weight.dtype(), weight.shape(), bytes};
  Packed packed{
      std::string(static_cast<size_t>(PackedWeightBytes(format, weight.dim(0), weight.dim(1))),
                  '\x55'),
      {}};
  auto error = QuantizeWeight(view, format, threads, absl::MakeSpan(packed.bytes));
  LATHE_EXPECT_OK(error);
  if (error.ok()) packed.error = *error;
  return packed;
}

TEST(QuantizeWeightsTest, RoundTripsEveryFormatTypeAndSize) {
  for (WeightFormat format : kFormats) {
    for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (auto [columns, inner] : {std::pair<int64_t, int64_t>{16, 128},
                                    {33, 40},
                                    {1, 1},
                                    {48, 129},
                                    {17, 31},
                                    {5, 256}}) {
        SCOPED_TRACE(
            absl::StrCat(LayoutName(format), " ", DTypeName(dtype), " ", columns, "x", inner));
        HostTensor weight = RandomFloats({columns, inner}, 1, 1.0f, dtype);
        Packed packed = Pack(weight, format);
        std::vector<float> unpacked(static_cast<size_t>(columns * inner));
        UnpackQuantizedWeight(packed.bytes, format, columns, inner, absl::MakeSpan(unpacked));
        HostTensor expected = QuantizedValues(*QuantOf(format), weight);
        ASSERT_EQ(absl::MakeConstSpan(unpacked), expected.floats());
        double squared = 0, norm = 0;
        for (size_t i = 0; i < unpacked.size(); ++i) {
          squared += std::pow(weight.floats()[i] - unpacked[i], 2);
          norm += std::pow(weight.floats()[i], 2);
        }
        EXPECT_NEAR(packed.error.Relative(), std::sqrt(squared / norm), 1e-5);
      }
    }
  }
}

TEST(QuantizeWeightsTest, BytesAndErrorDoNotDependOnThreads) {
  HostTensor weight = RandomFloats({100, 96}, 2, 1.0f, DType::kBF16);
  for (WeightFormat format : kFormats) {
    Packed one = Pack(weight, format, 1);
    for (int threads : {2, 5, 64}) {
      Packed many = Pack(weight, format, threads);
      EXPECT_EQ(many.bytes, one.bytes);
      EXPECT_EQ(many.error.squared_error, one.error.squared_error);
      EXPECT_EQ(many.error.squared_norm, one.error.squared_norm);
    }
  }
}

// Columns of known numbers: a scale of 1, so that numbers are the values.
HostTensor Known(int64_t columns, int64_t inner) {
  HostTensor weight(DType::kF32, {columns, inner});
  for (int64_t n = 0; n < columns; ++n) {
    for (int64_t k = 0; k < inner; ++k) {
      // -8 .. 7 in every group, so that int4 keeps the scale 1.
      weight.floats()[static_cast<size_t>(n * inner + k)] = static_cast<float>((k + n) % 16 - 8);
    }
  }
  return weight;
}

TEST(QuantizeWeightsTest, Int4LiesAsTheFormatSays) {
  Packed packed = Pack(Known(17, 48), WeightFormat::kInt4Group32);
  EXPECT_EQ(packed.error.squared_error, 0);
  auto byte = [&](size_t at) { return static_cast<uint8_t>(packed.bytes[at]); };
  // K' = 64: 8 lines of numbers, then 2 x 16 scales.
  ASSERT_EQ(packed.bytes.size(), 2u * (8 * 64 + 64));
  // Column 0: k = 0..7 are the numbers -8..-1, stored 0..7; low halves have k 0..3.
  EXPECT_EQ(byte(0), 0 | 4 << 4);
  EXPECT_EQ(byte(3), 3 | 7 << 4);
  // Column 1 is one further.
  EXPECT_EQ(byte(4), 1 | 5 << 4);
  // The second line has k = 8..15.
  EXPECT_EQ(byte(64), 8 | 12 << 4);
  // Behind k = 48 stands the number 0.
  EXPECT_EQ(byte(6 * 64), 0x88);
  uint16_t scale;
  std::memcpy(&scale, packed.bytes.data() + 8 * 64, 2);
  EXPECT_EQ(F16ToF32(scale), 1.0f);
  // Column 17 is not there: numbers 0 and scale 0.
  const size_t second = 8 * 64 + 64;
  EXPECT_EQ(byte(second + 4), 0x88);
  std::memcpy(&scale, packed.bytes.data() + second + 8 * 64 + 2, 2);
  EXPECT_EQ(scale, 0);
}

TEST(QuantizeWeightsTest, Int8LiesAsTheFormatSays) {
  HostTensor weight = Known(2, 40);
  weight.floats()[1] = 127;  // makes the scale of the first group 1
  Packed packed = Pack(weight, WeightFormat::kInt8Group128);
  auto byte = [&](size_t at) { return static_cast<uint8_t>(packed.bytes[at]); };
  // K' = 128: 32 lines of 4 k, then one line with 16 scales, filled up.
  ASSERT_EQ(packed.bytes.size(), 32u * 64 + 64);
  EXPECT_EQ(byte(0), 128 - 8);
  EXPECT_EQ(byte(1), 128 + 127);
  EXPECT_EQ(byte(64 + 2), 128 - 2);
  EXPECT_EQ(byte(10 * 64), 128);  // k = 40
  EXPECT_EQ(byte(2 * 4), 128);    // column 2
  for (size_t at = 32 * 64 + 32; at < packed.bytes.size(); ++at) EXPECT_EQ(byte(at), 0);
}

TEST(QuantizeWeightsTest, ValuesThatAreNotFiniteAreRefused) {
  HostTensor weight = RandomFloats({20, 40}, 3);
  weight.floats()[777] = std::numeric_limits<float>::quiet_NaN();
  const std::string bytes = BytesOf(weight);
  std::string out(static_cast<size_t>(PackedWeightBytes(WeightFormat::kInt4Group32, 20, 40)), ' ');
  EXPECT_THAT(
      QuantizeWeight({DType::kF32, {20, 40}, bytes}, WeightFormat::kInt4Group32, 2,
                     absl::MakeSpan(out)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds NaN, infinity or numbers")));
}

}  // namespace
}  // namespace lathe
