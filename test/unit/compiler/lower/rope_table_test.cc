#include "compiler/lower/rope_table.h"

#include <cmath>

#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;

void CheckTable(const RopeTableSpec& spec, const std::vector<int32_t>& positions,
                const std::vector<float>& frequencies) {
  const auto count = static_cast<size_t>(spec.count);
  const auto rows = static_cast<int64_t>(positions.size());
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("table", level, [&](KernelBuilder& b) {
                                 EmitRopeTable(b, "table", spec);
                               }));
    std::vector<float> cos(positions.size() * count + 1, 9.0f), sin(cos);
    kernel->Run({positions.data(), frequencies.data(), cos.data(), sin.data()}, {rows}, rows, 2);
    for (size_t row = 0; row < positions.size(); ++row) {
      for (size_t i = 0; i < count; ++i) {
        const double angle = static_cast<float>(positions[row]) * frequencies[i];
        // One ulp of f32 at 1, relative to the value.
        const double ulp = 1.2e-7 * double{spec.scaling};
        EXPECT_NEAR(cos[row * count + i], std::cos(angle) * spec.scaling,
                    ulp * std::abs(std::cos(angle)) + 1e-30)
            << angle;
        EXPECT_NEAR(sin[row * count + i], std::sin(angle) * spec.scaling,
                    ulp * std::abs(std::sin(angle)) + 1e-30)
            << angle;
      }
    }
    EXPECT_EQ(cos.back(), 9.0f);
    EXPECT_EQ(sin.back(), 9.0f);
  }
}

std::vector<float> Frequencies(int64_t count, double theta) {
  std::vector<float> result;
  for (int64_t i = 0; i < count; ++i)
    result.push_back(static_cast<float>(std::pow(theta, -double(i) / double(count))));
  return result;
}

TEST(RopeTable, FirstPositions) {
  std::vector<int32_t> positions(300);
  for (int32_t i = 0; i < 300; ++i) positions[static_cast<size_t>(i)] = i;
  CheckTable({.count = 64}, positions, Frequencies(64, 1e6));
}

// Angles of a million radians, where range reduction in f32 would have lost everything.
TEST(RopeTable, FarPositions) {
  CheckTable({.count = 32}, {32768, 131071, 262143, 999983, 1000000}, Frequencies(32, 1e4));
}

TEST(RopeTable, OddCountAndScaling) {
  CheckTable({.count = 21, .scaling = 1.25f}, {0, 1, 17, 4095}, Frequencies(21, 1e4));
  CheckTable({.count = 3}, {5}, Frequencies(3, 1e4));
}

// Next to multiples of pi/2 the small result keeps its relative accuracy.
TEST(RopeTable, NearTheZeros) {
  CheckTable(
      {.count = 16}, {1},
      {1.5707964f, 3.1415927f, 4.712389f, 6.2831855f, 1e-20f, 7.853982f, 11.0f, 344.0f, 355.0f,
       710.0f, 51819.0f, 103993.0f, 573204.0f, 833719.0f, 0.785398185f, 2.35619450f});
}

}  // namespace
}  // namespace lathe
