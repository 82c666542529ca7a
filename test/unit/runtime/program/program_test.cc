#include "runtime/program/program.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/device/cpu/cpu_device.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::Constant;
using ::lathe::testing::kTestK;
using ::lathe::testing::kTestN;
using ::lathe::testing::MakeExpr;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The pool of one page of cache group "kv" and its page table.
struct TestPool {
  alignas(64) float page[32] = {};
  int32_t table[1] = {0};
};

std::vector<float> TestInput(int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows * kTestK));
  for (size_t i = 0; i < x.size(); ++i) x[i] = 0.25f * static_cast<float>(i % 13) - 1.0f;
  return x;
}

StepBindings Bind(int64_t rows, const std::vector<float>& x, TestPool& pool) {
  StepBindings step;
  step.symbols = {{"rows", rows}, {"kv.max_pages", 1}};
  step.inputs = {{"x", x.data(), x.size() * sizeof(float)}};
  step.kv_groups = {{reinterpret_cast<char*>(pool.page), pool.table}};
  return step;
}

std::vector<float> ReadOutput(const Program& program, absl::string_view name) {
  absl::StatusOr<OutputView> view = program.Output(name);
  EXPECT_TRUE(view.ok()) << view.status().ToString();
  if (!view.ok()) return {};
  std::vector<float> values(view->bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), view->data, view->bytes);
  return values;
}

// What the program means, in plain loops in the kernels' order.
std::vector<float> ExpectedY(int64_t rows, const std::vector<float>& x) {
  std::vector<float> y(static_cast<size_t>(rows * kTestN));
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < kTestN; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < kTestK; ++k) {
        sum += (x[static_cast<size_t>(m * kTestK + k)] + 1.0f) * testing::TestWeight(n, k);
      }
      y[y.size() - 1 - static_cast<size_t>(m * kTestN + n)] = sum;
    }
  }
  return y;
}

class ProgramTest : public ::testing::Test {
 protected:
  // Writes `manifest` as an artifact, opens it and makes a device.
  void Prepare(const artifact::Manifest& manifest, const CpuOptions& options = {.threads = 2}) {
    const std::string path = testing::TempDir() + "/m.lathe";
    testing::WriteTestArtifact(path, manifest);
    absl::StatusOr<Artifact> opened = Artifact::Open(path);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    artifact_ = std::make_unique<Artifact>(*std::move(opened));
    absl::StatusOr<std::unique_ptr<CpuDevice>> device = CpuDevice::Create(options);
    ASSERT_TRUE(device.ok()) << device.status().ToString();
    device_ = *std::move(device);
  }

  std::unique_ptr<Artifact> artifact_;
  std::unique_ptr<CpuDevice> device_;
};

TEST_F(ProgramTest, RunsFromTheFileToTheOutputs) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  for (int64_t rows : {3, 1, 17, 0, 5}) {  // grows and shrinks
    const std::vector<float> x = TestInput(rows);
    LATHE_ASSERT_OK(program->Run(Bind(rows, x, pool)));
    EXPECT_EQ(ReadOutput(*program, "y"), ExpectedY(rows, x)) << rows;
    LATHE_ASSERT_OK_AND_ASSIGN(OutputView hidden, program->Output("hidden"));
    EXPECT_EQ(hidden.shape, (std::vector<int64_t>{rows, kTestK}));
    EXPECT_EQ(hidden.dtype, DType::kF32);
  }
}

}  // namespace
}  // namespace lathe
