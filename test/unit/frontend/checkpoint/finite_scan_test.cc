#include "frontend/checkpoint/finite_scan.h"

#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "runtime/base/float_types.h"

namespace lathe {
namespace {

constexpr DType kFloats[] = {DType::kF64,    DType::kF32,    DType::kF16,   DType::kBF16,
                             DType::kF8E5M2, DType::kF8E4M3, DType::kF8E8M0};

// The plain meaning, element by element.
NonFinite Reference(DType dtype, absl::string_view bytes) {
  NonFinite found;
  for (uint64_t i = 0; i < bytes.size() / ByteSize(dtype); ++i) {
    double value = 0;
    if (dtype == DType::kF64) {
      std::memcpy(&value, bytes.data() + i * 8, 8);  // finite doubles may be infinite as floats
    } else {
      value = LoadAsF32(dtype, bytes.data(), i);
    }
    if (std::isfinite(value)) continue;
    if (found.count++ == 0) found.first = i;
  }
  return found;
}

TEST(FiniteScanTest, EveryBitPatternOfTheNarrowTypes) {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF8E5M2, DType::kF8E4M3, DType::kF8E8M0}) {
    const size_t bytes = ByteSize(dtype);
    for (uint32_t bits = 0; bits < (1u << (8 * bytes)); ++bits) {
      std::string element(reinterpret_cast<const char*>(&bits), bytes);
      ASSERT_EQ(CountNonFinite(dtype, element).count, Reference(dtype, element).count)
          << std::string(DTypeName(dtype)) << " " << bits;
    }
  }
}

TEST(FiniteScanTest, RandomBytesOfAnyLengthAndAlignment) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const DType dtype = kFloats[random() % std::size(kFloats)];
    const size_t shift = random() % 8;
    std::string bytes(shift + random() % 1500 * ByteSize(dtype), '\0');
    for (char& byte : bytes) byte = random() % 4 != 0 ? '\x11' : static_cast<char>(random());
    // Few exponents are all ones by chance.
    for (int i = 0; i < 4 && bytes.size() > 16; ++i) {
      bytes.replace(random() % (bytes.size() - 8), 8, 8, '\xff');
    }
    const absl::string_view view = absl::string_view(bytes).substr(shift);
    const NonFinite found = CountNonFinite(dtype, view), expected = Reference(dtype, view);
    ASSERT_EQ(found.count, expected.count) << std::string(DTypeName(dtype));
    ASSERT_EQ(found.first, expected.first) << std::string(DTypeName(dtype));
  }
}

TEST(FiniteScanTest, LargestFiniteAndInfinity) {
  const float values[] = {3.4028235e38f, -3.4028235e38f, 1e-45f, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < std::size(values); ++i) {
    absl::string_view bytes(reinterpret_cast<const char*>(&values[i]), 4);
    EXPECT_EQ(CountNonFinite(DType::kF32, bytes).count, i < 3 ? 0u : 1u) << values[i];
  }
}

TEST(FiniteScanTest, NothingIsFinite) {
  for (DType dtype : kFloats) EXPECT_EQ(CountNonFinite(dtype, absl::string_view()).count, 0u);
}

TEST(FiniteScanTest, IntegersAreAlwaysFinite) {
  const std::string ones(64, '\xff');
  for (DType dtype :
       {DType::kI64, DType::kI32, DType::kI16, DType::kI8, DType::kU8, DType::kBool}) {
    EXPECT_EQ(CountNonFinite(dtype, ones).count, 0u);
  }
}

TEST(FiniteScanTest, TheResultDoesNotDependOnThreads) {
  // Two pieces and a bit, with hits in the first and the last.
  std::string bytes((size_t{9} << 20) + 6, '\0');
  const size_t elements = bytes.size() / 2;
  for (size_t index : {size_t{5}, size_t{70000}, elements - 1})
    bytes.replace(index * 2, 2, "\x80\x7f");
  const TensorView large{DType::kBF16, {static_cast<int64_t>(elements)}, bytes};
  const TensorView tail{DType::kBF16, {1}, absl::string_view(bytes).substr(bytes.size() - 2)};
  const TensorView late{DType::kBF16, {4000000}, absl::string_view(bytes).substr(200000, 8000000)};
  const TensorView last{
      DType::kBF16, {4500000}, absl::string_view(bytes).substr(bytes.size() - 9000000)};
  const TensorView empty{DType::kF32, {0}, ""};
  const std::vector<const TensorView*> tensors = {&large, &empty, &tail, &late, &last};
  for (int threads : {0, 1, 2, 7}) {
    const std::vector<NonFinite> found = ScanForNonFinite(tensors, threads);
    ASSERT_EQ(found.size(), 5u);
    EXPECT_EQ(found[0].count, 3u);
    EXPECT_EQ(found[0].first, 5u);
    EXPECT_EQ(found[1].count, 0u);
    EXPECT_EQ(found[2].count, 1u);
    EXPECT_EQ(found[2].first, 0u);
    EXPECT_EQ(found[3].count, 0u);
    EXPECT_EQ(found[4].count, 1u);
    EXPECT_EQ(found[4].first, 4499999u);
  }
  EXPECT_TRUE(ScanForNonFinite({}, 2).empty());
}

}  // namespace
}  // namespace lathe
