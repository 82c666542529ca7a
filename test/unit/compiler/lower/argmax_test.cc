#include "compiler/lower/argmax.h"

#include <limits>
#include <random>

#include "ops/sampling/sampling_reference.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows full of ties and of what is no number, some of nothing else.
HostTensor Rows(int64_t rows, int64_t columns, uint32_t seed) {
  std::mt19937 random(seed);
  HostTensor x(DType::kF32, {rows, columns});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < columns; ++i) {
      const auto draw = static_cast<int>(random() % 40);
      float value = draw < 30 ? static_cast<float>(draw - 15) : kNan;
      if (draw == 39) value = -kInfinity;
      if (r % 7 == 3) value = draw % 2 == 0 ? kNan : -kInfinity;
      if (r % 7 == 5 && draw == 0) value = kInfinity;
      x.floats()[r * columns + i] = value;
    }
  }
  return x;
}

// A limit for each row: all in turn, also outside the row.
HostTensor Limits(int64_t rows, int64_t columns) {
  HostTensor limits(DType::kI32, {rows});
  for (int64_t r = 0; r < rows; ++r)
    limits.ints()[r] = static_cast<int32_t>(columns + 2 - r % (columns + 4));
  return limits;
}

// Guarded by a number behind the last id.
std::vector<int32_t> RunKernel(const KernelHarness& kernel, const HostTensor& x,
                               const HostTensor* maxima, const HostTensor& limits, int64_t parts) {
  std::vector<int32_t> ids(static_cast<size_t>(x.dim(0)) + 1, 77);
  std::vector<const void*> operands = {x.floats().data()};
  if (maxima != nullptr) operands.push_back(maxima->floats().data());
  operands.push_back(limits.ints().data());
  operands.push_back(ids.data());
  kernel.Run(operands, {x.dim(0)}, x.dim(0), parts);
  EXPECT_EQ(ids.back(), 77);
  ids.pop_back();
  return ids;
}

void CheckColumns(int64_t columns) {
  SCOPED_TRACE(columns);
  const int64_t rows = columns + 4;
  HostTensor x = Rows(rows, columns, static_cast<uint32_t>(columns));
  HostTensor maxima = BlockMaxReference(x, kArgmaxBlock);
  HostTensor limits = Limits(rows, columns);
  HostTensor expected = ArgmaxReference(x, limits);
  const std::vector<int32_t> truth(expected.ints().begin(), expected.ints().end());
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    for (bool has_maxima : {false, true}) {
      LATHE_ASSERT_OK_AND_ASSIGN(
          auto kernel, KernelHarness::Make("argmax", level, [&](KernelBuilder& b) {
            EmitArgmax(b, "argmax", {.columns = columns, .has_maxima = has_maxima});
          }));
      for (int64_t parts : {1, 3}) {
        EXPECT_EQ(RunKernel(*kernel, x, has_maxima ? &maxima : nullptr, limits, parts), truth)
            << has_maxima << ", " << parts << " parts";
      }
    }
  }
}

TEST(ArgmaxTest, RowsWithTailsTiesAndNoNumbers) {
  for (int64_t columns : {1, 15, 16, 17, 40, 300}) CheckColumns(columns);
}

// Maxima of other numbers: what the op says of them, and nothing outside the row.
TEST(ArgmaxTest, MaximaThatAreNotThoseOfTheRow) {
  HostTensor x = Rows(60, 70, 1);
  HostTensor maxima = BlockMaxReference(Rows(60, 70, 2), kArgmaxBlock);
  HostTensor limits = Limits(60, 70);
  HostTensor expected = ArgmaxByBlocksReference(x, maxima, limits, kArgmaxBlock);
  const std::vector<int32_t> truth(expected.ints().begin(), expected.ints().end());
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("argmax", level, [&](KernelBuilder& b) {
                                 EmitArgmax(b, "argmax", {.columns = 70, .has_maxima = true});
                               }));
    EXPECT_EQ(RunKernel(*kernel, x, &maxima, limits, 2), truth) << level.name;
  }
}

}  // namespace
}  // namespace lathe
