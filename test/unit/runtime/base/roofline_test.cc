#include "runtime/base/roofline.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(RooflineTest, TheSlowerOfMemoryAndArithmeticDecides) {
  const Roofline machine{.bytes_per_second = 1e9, .flops_per_second = 4e9};
  const Work stream{.flops = 1e3, .bytes = 1e3};
  EXPECT_DOUBLE_EQ(machine.Nanoseconds(stream), 1000);
  EXPECT_TRUE(machine.IsMemoryBound(stream));
  const Work product{.flops = 8e3, .bytes = 1e3};
  EXPECT_DOUBLE_EQ(machine.Nanoseconds(product), 2000);
  EXPECT_FALSE(machine.IsMemoryBound(product));
  EXPECT_DOUBLE_EQ(product.intensity(), 8);
  EXPECT_DOUBLE_EQ(Work().intensity(), 0);
}

TEST(RooflineTest, EachUnitHasItsPeak) {
  Roofline machine{.bytes_per_second = 1e12, .flops_per_second = 4e9};
  const Work dots{.flops = 8e3, .bytes = 1, .unit = ArithmeticUnit::kDotBF16};
  EXPECT_FALSE(machine.Knows(ArithmeticUnit::kDotBF16));
  EXPECT_DOUBLE_EQ(machine.Nanoseconds(dots), 2000) << "f32 stands in";
  machine.SetPeak(ArithmeticUnit::kDotBF16, 8e9);
  EXPECT_TRUE(machine.Knows(ArithmeticUnit::kDotBF16));
  EXPECT_DOUBLE_EQ(machine.Nanoseconds(dots), 1000);
  machine.SetPeak(ArithmeticUnit::kFmaF32, 2e9);
  EXPECT_DOUBLE_EQ(machine.flops_per_second, 2e9);
  EXPECT_DOUBLE_EQ(machine.Nanoseconds({.flops = 8e3, .bytes = 1}), 4000);
}

}  // namespace
}  // namespace lathe
