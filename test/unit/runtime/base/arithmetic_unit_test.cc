#include "runtime/base/arithmetic_unit.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ArithmeticUnitTest, EachHasANameAnInstructionAndARate) {
  std::set<std::string> names, instructions;
  for (ArithmeticUnit unit : kArithmeticUnits) {
    names.emplace(UnitName(unit));
    instructions.emplace(UnitInstruction(unit));
    EXPECT_EQ(UnitRate(unit), unit == ArithmeticUnit::kDotInt8 ? "GOP/s" : "GFLOP/s");
  }
  EXPECT_EQ(names, (std::set<std::string>{"fma f32", "dot int8", "dot bf16", "fma f16"}));
  EXPECT_EQ(instructions.size(), kNumArithmeticUnits);
  EXPECT_EQ(UnitInstruction(ArithmeticUnit::kDotBF16), "vdpbf16ps");
}

}  // namespace
}  // namespace lathe
