// LinkCpu, which compiler/codegen/cpu/cpu_codegen.h declares.
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "mlir/Parser/Parser.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(Link, RefusesWhatIsNoObject) {
  CpuObject object;
  object.name = "k";
  object.bytes = "not ELF";
  EXPECT_THAT(LinkCpu({object}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("linking kernels failed")));
}

TEST(Link, RefusesTwoKernelsOfOneName) {
  mlir::DialectRegistry registry;
  RegisterKernelDialects(registry);
  mlir::MLIRContext context(registry);
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  auto module = mlir::parseSourceString<mlir::ModuleOp>("llvm.func @k() { llvm.return }", &context);
  ASSERT_TRUE(module);
  LATHE_ASSERT_OK_AND_ASSIGN(CpuObject object, CompileCpu(*module, cpu.levels[0]));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string elf, LinkCpu({object}));
  EXPECT_EQ(elf.substr(1, 3), "ELF");
  EXPECT_THAT(LinkCpu({object, object}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("duplicate symbol: k")));
}

}  // namespace
}  // namespace lathe
