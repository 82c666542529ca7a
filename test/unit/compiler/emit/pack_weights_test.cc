#include "compiler/emit/pack_weights.h"

#include "runtime/base/float_types.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

// Element (n, k) of a test weight: exact in every float type.
float Element(int64_t n, int64_t k) { return static_cast<float>((n * 37 + k * 11) % 129 - 64); }

std::string WeightBytes(DType dtype, int64_t columns, int64_t inner) {
  std::string bytes;
  for (int64_t n = 0; n < columns; ++n) {
    for (int64_t k = 0; k < inner; ++k) {
      const float value = Element(n, k);
      if (dtype == DType::kF32) {
        bytes.append(reinterpret_cast<const char*>(&value), 4);
      } else {
        const uint16_t bits = dtype == DType::kBF16 ? F32ToBF16(value) : F32ToF16(value);
        bytes.append(reinterpret_cast<const char*>(&bits), 2);
      }
    }
  }
  return bytes;
}

TEST(PackWeights, RoundTripsEveryTypeAndSize) {
  for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (WeightFormat format : {WeightFormat::kBF16Pairs, WeightFormat::kF32}) {
      for (auto [columns, inner] :
           {std::pair<int64_t, int64_t>{16, 2}, {32, 64}, {33, 7}, {5, 1}, {48, 18}}) {
        SCOPED_TRACE(
            absl::StrCat(DTypeName(dtype), " ", LayoutName(format), " ", columns, "x", inner));
        const std::string bytes = WeightBytes(dtype, columns, inner);
        const TensorView view{dtype, {columns, inner}, bytes};
        std::string packed(static_cast<size_t>(PackedWeightBytes(format, columns, inner)), '\x7f');
        LATHE_ASSERT_OK(PackWeight(view, format, 1, absl::MakeSpan(packed)));
        std::vector<float> unpacked(static_cast<size_t>(columns * inner));
        UnpackWeight(packed, format, columns, inner, absl::MakeSpan(unpacked));
        for (int64_t n = 0; n < columns; ++n) {
          for (int64_t k = 0; k < inner; ++k) {
            ASSERT_EQ(unpacked[static_cast<size_t>(n * inner + k)], Element(n, k))
                << n << ", " << k;
          }
        }
        std::string again(packed.size(), '\x11');
        LATHE_ASSERT_OK(PackWeight(view, format, 3, absl::MakeSpan(again)));
        EXPECT_EQ(again, packed) << "three threads";
      }
    }
  }
}

TEST(PackWeights, LayoutIsAsTheArtifactSaysIt) {
  // "k2n16": [N/16][K/2][16][2]; columns and k that are not there are zero.
  const std::string bytes = WeightBytes(DType::kBF16, 17, 3);
  std::string packed(static_cast<size_t>(PackedWeightBytes(WeightFormat::kBF16Pairs, 17, 3)),
                     '\x7f');
  ASSERT_EQ(packed.size(), 2u * 2 * 16 * 2 * 2);
  LATHE_ASSERT_OK(PackWeight({DType::kBF16, {17, 3}, bytes}, WeightFormat::kBF16Pairs, 1,
                             absl::MakeSpan(packed)));
  for (int64_t block = 0; block < 2; ++block) {
    for (int64_t pair = 0; pair < 2; ++pair) {
      for (int64_t lane = 0; lane < 16; ++lane) {
        for (int64_t odd = 0; odd < 2; ++odd) {
          const int64_t n = block * 16 + lane, k = pair * 2 + odd;
          const float expected = n < 17 && k < 3 ? Element(n, k) : 0.0f;
          ASSERT_EQ(LoadAsF32(DType::kBF16, packed.data(),
                              static_cast<size_t>(((block * 2 + pair) * 16 + lane) * 2 + odd)),
                    expected);
        }
      }
    }
  }
}

TEST(PackWeights, RoundsF32ToBF16) {
  const float value = 1.0f + 1.0f / 256;  // halfway between two bf16: to the even one
  std::string bytes(reinterpret_cast<const char*>(&value), 4);
  std::string packed(static_cast<size_t>(PackedWeightBytes(WeightFormat::kBF16Pairs, 1, 1)), '\0');
  LATHE_ASSERT_OK(PackWeight({DType::kF32, {1, 1}, bytes}, WeightFormat::kBF16Pairs, 1,
                             absl::MakeSpan(packed)));
  EXPECT_EQ(LoadAsF32(DType::kBF16, packed.data(), 0), 1.0f);
}

TEST(PackWeights, CopiesRows) {
  const std::string bytes = WeightBytes(DType::kBF16, 6, 5);
  std::string same(bytes.size(), '\0'), wide(bytes.size() * 2, '\0');
  LATHE_ASSERT_OK(PackRows({DType::kBF16, {6, 5}, bytes}, Storage::kBF16, 2, absl::MakeSpan(same)));
  EXPECT_EQ(same, bytes);
  LATHE_ASSERT_OK(PackRows({DType::kBF16, {6, 5}, bytes}, Storage::kF32, 2, absl::MakeSpan(wide)));
  EXPECT_EQ(wide, WeightBytes(DType::kF32, 6, 5));
}

TEST(PackWeights, RefusesOtherTypesAndSizes) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  std::string out(1024, '\0');
  EXPECT_THAT(PackWeight({DType::kI8, {16, 2}, std::string(32, '\0')}, WeightFormat::kF32, 1,
                         absl::MakeSpan(out)),
              StatusIs(kInvalid, HasSubstr("expected F32, F16 or BF16")));
  std::string bytes(64, '\0');
  EXPECT_THAT(PackWeight({DType::kF32, {16}, bytes}, WeightFormat::kF32, 1, absl::MakeSpan(out)),
              StatusIs(kInvalid, HasSubstr("expected two extents")));
  EXPECT_THAT(PackWeight({DType::kF32, {16, 2}, bytes}, WeightFormat::kF32, 1, absl::MakeSpan(out)),
              StatusIs(kInvalid, HasSubstr("the tensor has 64 bytes, expected 128")));
  EXPECT_THAT(PackWeight({DType::kF32, {16, 1}, bytes}, WeightFormat::kF32, 1, absl::MakeSpan(out)),
              StatusIs(kInvalid, HasSubstr("the packed weight has 1024 bytes, expected 64")));
  EXPECT_THAT(PackRows({DType::kF32, {16}, bytes}, Storage::kF32, 1, absl::MakeSpan(out)),
              StatusIs(kInvalid, HasSubstr("the copy has 1024 bytes, expected 64")));
}

}  // namespace
}  // namespace lathe
