#include "tools/lathe/inspect/kernel_text.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(KernelTextTest, KernelsAreFoundByTheirOwnNameAndByDispatch) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string symbol,
                             FindKernel(artifact.manifest(), "model.layers.0.mlp.down_proj"));
  EXPECT_THAT(symbol, StartsWith("matmul_"));
  EXPECT_EQ(FindKernel(artifact.manifest(), symbol).value(), symbol);
  EXPECT_THAT(FindKernel(artifact.manifest(), "model.layers.0.mlp.down_prj"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("did you mean model.layers.0.mlp.down_proj?")));
  EXPECT_THAT(CodeOfLevel(artifact.manifest(), "x86-64-v9").status(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("it has: x86-64-v3, x86-64-v4, x86-64-v4-bf16")));
}

// What is compiled again is what the artifact holds.
TEST(KernelTextTest, CompilingAgainGivesTheSameCode) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string symbol, FindKernel(artifact.manifest(), "lm_head"));
  LATHE_ASSERT_OK_AND_ASSIGN(auto codes, CodeOfLevel(artifact.manifest(), "x86-64-v4"));
  ASSERT_THAT(codes, SizeIs(1));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<CpuObject> objects, CompileAgain(artifact, codes, symbol));
  ASSERT_THAT(objects, SizeIs(1));
  const CpuObject& object = objects[0];
  EXPECT_THAT(object.llvm_ir, AllOf(HasSubstr("void @" + symbol + "("), HasSubstr("<16 x float>")));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string kept, KernelAssembly(artifact, *codes[0], symbol));
  EXPECT_EQ(kept, ";; kernel " + symbol + "\n" + object.assembly);
  LATHE_ASSERT_OK_AND_ASSIGN(uint64_t bytes, InstructionBytes(object));
  EXPECT_GT(bytes, 100u);
  EXPECT_LT(bytes, object.bytes.size());
  EXPECT_THAT(CompileAgain(artifact, codes, "matmul_none").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("holds no kernel matmul_none")));
}

TEST(KernelTextTest, WithoutIrThereIsNothingToCompile) {
  testing::ModelFolder model;
  ASSERT_EQ(
      testing::RunTool({"compile", model.path(), "-o", model.output(), "--no-keep-ir"}).exit_code,
      0);
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(model.output()));
  LATHE_ASSERT_OK_AND_ASSIGN(auto codes, CodeOfLevel(artifact.manifest(), ""));
  EXPECT_THAT(CompileAgain(artifact, codes, "x").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("compile without --no-keep-ir")));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string symbol, FindKernel(artifact.manifest(), "lm_head"));
  EXPECT_THAT(KernelAssembly(artifact, *codes[0], symbol).value(), HasSubstr("vfmadd"));
}

}  // namespace
}  // namespace lathe
