#include "test/bench/model_kernels.h"

#include "compiler/pipeline/compile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ModelKernelsTest : public ::testing::Test {
 protected:
  ModelKernelsTest() : context_(MakeRegistry(), mlir::MLIRContext::Threading::DISABLED) {
    context_.loadAllAvailableDialects();
  }
  static mlir::DialectRegistry MakeRegistry() {
    mlir::DialectRegistry registry;
    RegisterCompilerDialects(registry);
    return registry;
  }
  absl::StatusOr<std::vector<ModelKernel>> Kernels(std::vector<std::string> models,
                                                   std::vector<StoragePolicy> policies) {
    for (std::string& model : models) model = SourcePath("test/data/configs/" + model + ".json");
    return KernelsOfModels(&context_, models, policies);
  }
  static std::vector<std::string> StepNames(const ModelKernel& kernel) {
    absl::StatusOr<std::vector<BenchStep>> steps = StepsOf(kernel);
    EXPECT_TRUE(steps.ok()) << steps.status().ToString();
    std::vector<std::string> names;
    for (const BenchStep& step : *steps) names.push_back(step.name);
    return names;
  }

  mlir::MLIRContext context_;
};

TEST_F(ModelKernelsTest, TheShapesAreThoseOfTheModel) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<ModelKernel> kernels, Kernels({"qwen3_8b"}, {{}}));
  auto find = [&](const std::string& end) -> const ModelKernel& {
    for (const ModelKernel& kernel : kernels) {
      if (kernel.path.ends_with(end)) return kernel;
    }
    ADD_FAILURE() << "no kernel of " << end;
    return kernels.front();
  };
  const ModelKernel& down = find("mlp.down_proj");
  EXPECT_EQ(down.path, "qwen3_8b:mlp.down_proj");
  EXPECT_THAT(down.key, StartsWith("matmul k=12288 n=4096 weights=bf16"));
  EXPECT_THAT(StepNames(down), ElementsAre("rows:1", "rows:8", "rows:512"));
  const ModelKernel& head = find("lm_head");
  EXPECT_THAT(head.key, HasSubstr("n=151936"));
  EXPECT_THAT(StepNames(head), ElementsAre("rows:1", "rows:8")) << "a prompt makes one row";
  const ModelKernel& attention = find("attention");
  EXPECT_THAT(StepNames(attention), ElementsAre("rows:1/keys:512", "rows:8/keys:4096",
                                                "rows:512/keys:512", "rows:1/keys:8192"));
}

TEST_F(ModelKernelsTest, AKernelThatModelsShareIsThereOnce) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<ModelKernel> one, Kernels({"qwen3_0_6b"}, {{}}));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<ModelKernel> again,
                             Kernels({"qwen3_0_6b", "qwen3_0_6b"}, {{}}));
  EXPECT_EQ(again.size(), one.size());
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<ModelKernel> formats,
                             Kernels({"qwen3_0_6b"}, {{}, {.weights = "int4"}}));
  EXPECT_GT(formats.size(), one.size());
  EXPECT_THAT(formats, Contains(Field(&ModelKernel::key, HasSubstr("weights=int4g32"))));
}

TEST_F(ModelKernelsTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(Kernels({"nothing"}, {{}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nothing.json")));
}

}  // namespace
}  // namespace lathe::testing
