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

}  // namespace
}  // namespace lathe
