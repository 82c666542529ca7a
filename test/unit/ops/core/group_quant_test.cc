#include "ops/core/group_quant.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/float_types.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using ::lathe::testing::RandomFloats;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr GroupQuant kInt8{.bits = 8, .group = 32};
constexpr GroupQuant kInt4{.bits = 4, .group = 32};

struct Quantized {
  std::vector<int8_t> numbers;
  std::vector<uint16_t> scales;
  std::vector<float> values;
  QuantError error;
};

Quantized Quantize(const GroupQuant& format, const std::vector<float>& row) {
  const auto inner = static_cast<int64_t>(row.size());
  Quantized q{std::vector<int8_t>(row.size()),
              std::vector<uint16_t>(static_cast<size_t>(format.Groups(inner))),
              std::vector<float>(row.size()),
              {}};
  q.error = QuantizeRow(format, row, absl::MakeSpan(q.numbers), absl::MakeSpan(q.scales));
  DequantizeRow(format, q.numbers, q.scales, absl::MakeSpan(q.values));
  return q;
}

std::vector<float> Gaussian(size_t count, uint32_t seed) {
  // Sums of uniform numbers are close enough to what weights look like.
  std::vector<float> row(count, 0.0f);
  for (uint32_t i = 0; i < 6; ++i) {
    HostTensor part = RandomFloats({static_cast<int64_t>(count)}, seed * 100 + i);
    for (size_t k = 0; k < count; ++k) row[k] += part.floats()[k];
  }
  return row;
}

TEST(GroupQuantTest, SizesCountWholeGroupsAndTheirScales) {
  EXPECT_EQ(kInt4.Groups(33), 2);
  EXPECT_EQ(kInt4.RowBytes(32), 16 + 2);
  EXPECT_EQ(kInt8.RowBytes(33), 2 * (32 + 2));
  EXPECT_EQ((GroupQuant{.bits = 4, .group = 128}.RowBytes(256)), 2 * (64 + 2));
  EXPECT_EQ(Describe(kInt4), "int4 in groups of 32");
}

TEST(GroupQuantTest, Int8TakesTheLargestMagnitudeTo127) {
  std::vector<float> row(32, 0.0f);
  row[0] = 254.0f, row[1] = -254.0f, row[2] = 2.0f, row[3] = 2.9f, row[4] = 3.0f, row[5] = -5.0f;
  Quantized q = Quantize(kInt8, row);
  EXPECT_EQ(F16ToF32(q.scales[0]), 2.0f);
  // Ties go to the even number.
  EXPECT_THAT(std::vector<int8_t>(q.numbers.begin(), q.numbers.begin() + 7),
              ElementsAre(127, -127, 1, 1, 2, -2, 0));
  EXPECT_EQ(q.values[3], 2.0f);
  EXPECT_NEAR(q.error.squared_error, 0.81 + 1 + 1, 1e-4);
  EXPECT_NEAR(q.error.squared_norm, 2 * 254.0 * 254.0 + 4 + 8.41 + 9 + 25, 1e-2);
}

TEST(GroupQuantTest, Int4TakesTheLargestMagnitudeToMinusEight) {
  // On the grid of one scale there is nothing to improve, whatever its sign.
  for (float scale : {0.5f, -0.5f}) {
    std::vector<float> row(32);
    for (size_t k = 0; k < row.size(); ++k) row[k] = scale * static_cast<float>(k % 16) - 8 * scale;
    Quantized q = Quantize(kInt4, row);
    EXPECT_EQ(F16ToF32(q.scales[0]), scale);
    EXPECT_EQ(q.numbers[0], -8);
    EXPECT_EQ(q.numbers[15], 7);
    EXPECT_EQ(q.values, row);
    EXPECT_EQ(q.error.Relative(), 0.0);
  }
}

TEST(GroupQuantTest, TheScaleOfInt4IsBetterThanThatOfTheExtreme) {
  double plain_error = 0, error = 0;
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::vector<float> row = Gaussian(32, seed);
    float extreme = 0;
    for (float value : row) extreme = std::fabs(value) > std::fabs(extreme) ? value : extreme;
    const float scale = extreme / -8;
    for (float value : row) {
      const float number = std::fmax(-8.0f, std::fmin(7.0f, std::nearbyint(value / scale)));
      plain_error += (value - scale * number) * (value - scale * number);
    }
    error += Quantize(kInt4, row).error.squared_error;
  }
  EXPECT_LT(error, 0.9 * plain_error);
}

TEST(GroupQuantTest, ErrorsOfWeightLikeNumbersAreWhatTheFormatAllows) {
  std::vector<float> row = Gaussian(4096, 7);
  for (int64_t group : {32, 128}) {
    EXPECT_LT(Quantize({.bits = 8, .group = group}, row).error.Relative(), 0.008);
    EXPECT_GT(Quantize({.bits = 8, .group = group}, row).error.Relative(), 0.002);
    EXPECT_LT(Quantize({.bits = 4, .group = group}, row).error.Relative(), 0.12);
    EXPECT_GT(Quantize({.bits = 4, .group = group}, row).error.Relative(), 0.05);
  }
}

TEST(GroupQuantTest, TheErrorIsThatOfTheValues) {
  for (const GroupQuant& format : {kInt8, kInt4, GroupQuant{.bits = 4, .group = 128}}) {
    std::vector<float> row = Gaussian(300, 3);
    Quantized q = Quantize(format, row);
    double squared = 0, norm = 0;
    for (size_t k = 0; k < row.size(); ++k) {
      squared += std::pow(row[k] - q.values[k], 2);
      norm += std::pow(row[k], 2);
    }
    EXPECT_NEAR(q.error.Relative(), std::sqrt(squared / norm), 1e-6);
  }
}

TEST(GroupQuantTest, GroupsDoNotKnowOfEachOther) {
  std::vector<float> row = Gaussian(100, 4);
  Quantized whole = Quantize(kInt4, row);
  for (size_t begin = 0; begin < row.size(); begin += 32) {
    size_t end = std::min<size_t>(begin + 32, row.size());  // the last group is short
    Quantized part = Quantize(kInt4, {row.begin() + begin, row.begin() + end});
    EXPECT_EQ(part.scales[0], whole.scales[begin / 32]);
    EXPECT_EQ(part.numbers,
              std::vector<int8_t>(whole.numbers.begin() + begin, whole.numbers.begin() + end));
  }
}

TEST(GroupQuantTest, ZerosAndTinyNumbers) {
  Quantized zeros = Quantize(kInt4, std::vector<float>(40, 0.0f));
  EXPECT_THAT(zeros.scales, Each(0));
  EXPECT_THAT(zeros.values, Each(0.0f));
  EXPECT_EQ(zeros.error.Relative(), 0.0);
  // Below the scales of f16 all is lost, and said to be.
  for (const GroupQuant& format : {kInt8, kInt4}) {
    Quantized tiny = Quantize(format, std::vector<float>(32, 1e-30f));
    EXPECT_THAT(tiny.values, Each(0.0f));
  }
  Quantized small = Quantize(kInt8, std::vector<float>(32, 1e-12f));
  EXPECT_DOUBLE_EQ(small.error.Relative(), 1.0);
}

TEST(GroupQuantTest, HugeNumbersSaturate) {
  Quantized q = Quantize(kInt8, std::vector<float>(32, 1e9f));
  EXPECT_EQ(F16ToF32(q.scales[0]), 65504.0f);
  EXPECT_THAT(q.numbers, Each(127));
  EXPECT_GT(q.error.Relative(), 0.9);
}

TEST(GroupQuantTest, WhatIsNotFiniteIsToldByTheError) {
  for (const GroupQuant& format : {kInt8, kInt4}) {
    for (float bad :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> row = Gaussian(64, 5);
      row[40] = bad;
      EXPECT_FALSE(std::isfinite(Quantize(format, row).error.Relative())) << bad;
    }
  }
}

TEST(GroupQuantTest, MatricesAreQuantizedRowByRow) {
  HostTensor matrix = RandomFloats({3, 40}, 1);
  HostTensor values = QuantizedValues(kInt4, matrix);
  EXPECT_EQ(values.shape(), matrix.shape());
  for (size_t row = 0; row < 3; ++row) {
    auto in = matrix.floats().subspan(row * 40, 40);
    auto out = values.floats().subspan(row * 40, 40);
    EXPECT_EQ(Quantize(kInt4, {in.begin(), in.end()}).values,
              std::vector<float>(out.begin(), out.end()));
  }
}

}  // namespace
}  // namespace lathe
