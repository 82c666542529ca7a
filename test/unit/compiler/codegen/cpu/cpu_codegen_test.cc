#include "compiler/codegen/cpu/cpu_codegen.h"

#include "mlir/Parser/Parser.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::LoadedCode;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

CpuLevel AnyLevel() { return RunnableLevels().front(); }

// out[i] = value for i in [begin, end).
KernelSource FillKernel(const std::string& name, float value) {
  return EmitKernel(name, AnyLevel(), [&](KernelBuilder& b) {
    b.Kernel(name, [&](const KernelArgs& args) {
      mlir::Value out = b.Operand(args, 0);
      b.For(args.begin, args.end, 1,
            [&](mlir::Value i) { b.Store(b.F32(value), b.At(out, i, 4), 4); });
    });
  });
}

TEST(CpuCodegen, CompilesLinksAndRuns) {
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(CpuCode code,
                               CompileKernels({FillKernel("ones", 1), FillKernel("twos", 2)}, level,
                                              {.threads = 2, .keep_text = true}));
    LATHE_ASSERT_OK_AND_ASSIGN(auto loaded, LoadedCode::Load(code.elf));
    ASSERT_NE(loaded->Find("ones"), nullptr);
    ASSERT_NE(loaded->Find("twos"), nullptr);
    std::vector<float> out(40, 7.0f);
    void* operands[] = {out.data()};
    loaded->Find("ones")(operands, nullptr, 0, 39, nullptr);
    loaded->Find("twos")(operands, nullptr, 3, 5, nullptr);
    EXPECT_EQ(out[0], 1.0f);
    EXPECT_EQ(out[3], 2.0f);
    EXPECT_EQ(out[38], 1.0f);
    EXPECT_EQ(out[39], 7.0f);
    ASSERT_EQ(code.kernels.size(), 2u);
    EXPECT_EQ(code.kernels[1].name, "twos");
    EXPECT_THAT(code.kernels[1].assembly, HasSubstr("twos:"));
    EXPECT_THAT(code.kernels[1].llvm_ir, HasSubstr("define void @twos"));
  }
}

TEST(CpuCodegen, SameInputSameBytes) {
  std::vector<KernelSource> kernels;
  for (int i = 0; i < 6; ++i)
    kernels.push_back(FillKernel("fill" + std::to_string(i), static_cast<float>(i)));
  LATHE_ASSERT_OK_AND_ASSIGN(CpuCode once, CompileKernels(kernels, AnyLevel(), {.threads = 1}));
  LATHE_ASSERT_OK_AND_ASSIGN(CpuCode twice, CompileKernels(kernels, AnyLevel(), {.threads = 3}));
  EXPECT_EQ(once.elf, twice.elf);
}

TEST(CpuCodegen, TextIsOnlyMadeOnDemand) {
  LATHE_ASSERT_OK_AND_ASSIGN(CpuCode code, CompileKernels({FillKernel("ones", 1)}, AnyLevel(), {}));
  EXPECT_EQ(code.kernels[0].assembly, "");
  EXPECT_EQ(code.kernels[0].llvm_ir, "");
}

// A dumped kernel may be edited by hand and read again: what is wrong with it is said.
TEST(CpuCodegen, NamesTheKernelThatCannotBeCompiled) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  auto compile = [](const KernelSource& source) {
    return CompileKernels({source}, AnyLevel(), {}).status();
  };
  EXPECT_THAT(compile({"k", "llvm.func @k("}),
              StatusIs(kInvalid, HasSubstr("kernel k for x86-64-v3: cannot be parsed")));
  EXPECT_THAT(compile({"other", FillKernel("ones", 1).mlir}),
              StatusIs(kInvalid, HasSubstr("no function of that name")));
  EXPECT_THAT(compile({"k",
                       "llvm.func @memcpy(!llvm.ptr)\nllvm.func @k(%p: !llvm.ptr) {\n  llvm.call "
                       "@memcpy(%p) : (!llvm.ptr) -> ()\n  llvm.return\n}"}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("generated code calls memcpy")));
}

TEST(CpuCodegen, TakesModulesWithAttributesOfOtherDialects) {
  KernelSource source{
      "k", "module @k attributes {other.key = \"x\"} { llvm.func @k() { llvm.return } }"};
  LATHE_EXPECT_OK(CompileKernels({source}, AnyLevel(), {}));
}

TEST(CpuCodegen, TextParsesToTheSameText) {
  const KernelSource source = FillKernel("ones", 1);
  mlir::DialectRegistry registry;
  RegisterKernelDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(source.mlir, &context);
  ASSERT_TRUE(module);
  EXPECT_EQ(PrintKernel(*module), source.mlir);
}

}  // namespace
}  // namespace lathe
