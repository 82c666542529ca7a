#include "compiler/codegen/cpu/lower_to_llvm.h"

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

class LowerToLlvmTest : public ::testing::Test {
 protected:
  LowerToLlvmTest() {
    RegisterKernelDialects(registry_);
    context_ = std::make_unique<mlir::MLIRContext>(registry_);
  }
  mlir::OwningOpRef<mlir::ModuleOp> Parse(const char* text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, context_.get());
  }
  mlir::DialectRegistry registry_;
  std::unique_ptr<mlir::MLIRContext> context_;
};

TEST_F(LowerToLlvmTest, LeavesOnlyTheLlvmDialect) {
  auto module = Parse(R"(
    llvm.func @k(%out: !llvm.ptr, %n: i64) {
      %zero = arith.constant 0 : i64
      %one = arith.constant 1 : i64
      scf.for %i = %zero to %n step %one : i64 {
        %x = llvm.load %out : !llvm.ptr -> f32
        %v = vector.broadcast %x : f32 to vector<16xf32>
        %w = arith.addf %v, %v : vector<16xf32>
        llvm.store %w, %out {alignment = 4 : i64} : vector<16xf32>, !llvm.ptr
      }
      llvm.return
    })");
  ASSERT_TRUE(module);
  LATHE_ASSERT_OK(LowerToLlvm(*module));
  int64_t ops = 0;
  module->walk([&](mlir::Operation* op) {
    if (op == module->getOperation()) return;
    ++ops;
    EXPECT_EQ(op->getName().getDialectNamespace().str(), "llvm")
        << op->getName().getStringRef().str();
  });
  EXPECT_GT(ops, 8);
}

TEST_F(LowerToLlvmTest, SaysWhatHasNoWayDown) {
  auto module = Parse(R"(
    llvm.func @k(%p: !llvm.ptr) {
      %t = arith.constant dense<1.0> : tensor<4xf32>
      %m = builtin.unrealized_conversion_cast %t : tensor<4xf32> to f32
      llvm.store %m, %p : f32, !llvm.ptr
      llvm.return
    })");
  ASSERT_TRUE(module);
  EXPECT_THAT(LowerToLlvm(*module),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no way down for")));
}

}  // namespace
}  // namespace lathe
