#include "compiler/lower/sample.h"

#include "ops/sampling/sampling_reference.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/graph/sample_step.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::SampleStep;

// Guarded by a number behind the last id.
std::vector<int32_t> RunKernel(const KernelHarness& kernel, const SampleStep& step, int64_t parts) {
  const int64_t rows = step.x.dim(0);
  std::vector<int32_t> ids(static_cast<size_t>(rows) + 1, 77);
  kernel.Run({step.x.floats().data(), step.greedy_ids.ints().data(), step.limits.ints().data(),
              step.settings.floats().data(), step.numbers.ints().data(),
              step.list_ids.ints().data(), step.list_values.floats().data(), ids.data()},
             {rows}, rows, parts, SampleScratchBytes({.columns = step.x.width()}));
  EXPECT_EQ(ids.back(), 77);
  ids.pop_back();
  return ids;
}

absl::StatusOr<std::unique_ptr<KernelHarness>> MakeKernel(const CpuLevel& level, int64_t columns,
                                                          bool keep_text = false) {
  return KernelHarness::Make(
      "sample", level, [&](KernelBuilder& b) { EmitSample(b, "sample", {.columns = columns}); },
      keep_text);
}

// On every level, whatever the split: the very ids that the source gives as the tests compile it.
TEST(SampleTest, ChoosesAsTheReference) {
  for (int64_t columns : {1, 33, 700, 5003}) {
    const SampleStep step(120, columns, static_cast<uint32_t>(columns));
    LATHE_ASSERT_OK_AND_ASSIGN(const HostTensor expected, SampleReference(step.operands()));
    const std::vector<int32_t> truth(expected.ints().begin(), expected.ints().end());
    for (const CpuLevel& level : RunnableLevels()) {
      LATHE_ASSERT_OK_AND_ASSIGN(auto kernel, MakeKernel(level, columns));
      for (int64_t parts : {1, 3})
        EXPECT_EQ(RunKernel(*kernel, step, parts), truth) << level.name << ", " << columns;
    }
  }
}

TEST(SampleTest, UsesTheVectorsOfItsLevel) {
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel, MakeKernel(level, 5003, /*keep_text=*/true));
    const char* reg = level.vector_bits == 512 ? "%zmm" : "%ymm";
    EXPECT_NE(kernel->assembly().find(reg), std::string::npos) << level.name;
  }
}

}  // namespace
}  // namespace lathe
