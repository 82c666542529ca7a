#include "compiler/codegen/cpu/bitcode_library.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/SourceMgr.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class BitcodeLibraryTest : public ::testing::Test {
 protected:
  std::unique_ptr<llvm::Module> Parse(const char* text) {
    llvm::SMDiagnostic error;
    std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, error, context_);
    EXPECT_NE(module, nullptr) << error.getMessage().str();
    return module;
  }

  llvm::LLVMContext context_;
};

TEST_F(BitcodeLibraryTest, GivesPrivateBodiesToWhatIsMissing) {
  auto module = Parse(R"(
    target triple = "x86_64-unknown-linux-gnu"
    declare void @lathe_sample(ptr, i64, i64, ptr, i32)
    define void @kernel(ptr %operands, ptr %dims, i64 %begin, i64 %end, ptr %scratch) {
      call void @lathe_sample(ptr %operands, i64 %begin, i64 %end, ptr %scratch, i32 40)
      ret void
    })");
  LATHE_ASSERT_OK_AND_ASSIGN(const bool has_linked, LinkBitcode(*module));
  EXPECT_TRUE(has_linked);
  EXPECT_FALSE(llvm::verifyModule(*module));
  const llvm::Function* sample = module->getFunction("lathe_sample");
  ASSERT_NE(sample, nullptr);
  EXPECT_FALSE(sample->isDeclaration());
  for (const llvm::Function& function : *module) {
    EXPECT_FALSE(function.hasFnAttribute("target-features")) << function.getName().str();
    if (!function.isDeclaration() && function.getName() != "kernel")
      EXPECT_TRUE(function.hasLocalLinkage()) << function.getName().str() << " would be exported";
  }
}

TEST_F(BitcodeLibraryTest, LeavesOtherModulesAlone) {
  auto module = Parse(R"(
    declare float @llvm.fabs.f32(float)
    define float @kernel(float %x) {
      %y = call float @llvm.fabs.f32(float %x)
      ret float %y
    })");
  LATHE_ASSERT_OK_AND_ASSIGN(const bool has_linked, LinkBitcode(*module));
  EXPECT_FALSE(has_linked);
  EXPECT_EQ(module->size(), 2u);
}

TEST_F(BitcodeLibraryTest, WhatTheLibraryDoesNotHaveStaysMissing) {
  auto module = Parse("declare void @lathe_unknown()");
  LATHE_ASSERT_OK_AND_ASSIGN(const bool has_linked, LinkBitcode(*module));
  EXPECT_FALSE(has_linked);
  EXPECT_TRUE(module->getFunction("lathe_unknown")->isDeclaration());
}

}  // namespace
}  // namespace lathe
