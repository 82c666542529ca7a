#include "gtest/gtest.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"

namespace lathe {
namespace {

class TypesTest : public ::testing::Test {
 protected:
  TypesTest()
      : handler_(&context_, [this](mlir::Diagnostic& diagnostic) { said_ += diagnostic.str(); }) {
    LoadDialects(context_);
  }
  std::string RoundTrip(llvm::StringRef text) {
    mlir::Type type = mlir::parseType(text, &context_);
    std::string printed;
    llvm::raw_string_ostream stream(printed);
    if (type) stream << type;
    return printed;
  }

  mlir::MLIRContext context_;
  std::string said_;
  mlir::ScopedDiagnosticHandler handler_;
};

TEST_F(TypesTest, PrintAsTheyAreWritten) {
  for (const char* text :
       {"tensor<?x64xf32, #lathe.sym<tokens>>",
        "tensor<?x?xi32, #lathe.sym<tokens, \"sequences+1\">>",
        "!lathe.kv_cache<name = \"kv\", layers = 3, kv_heads = 2, head_dim = 32, dtype = bf16, "
        "page = 64, window = 0>",
        "!lathe.kv_layer<kv_heads = 2, head_dim = 32, dtype = f32, page = 64, window = 512>"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST_F(TypesTest, NamesMustMatchTheDynamicExtents) {
  EXPECT_EQ(RoundTrip("tensor<?x64xf32, #lathe.sym<tokens, rows>>"), "");
  EXPECT_EQ(said_, "C1: #lathe.sym has 2 names for 1 dynamic extents");
}

TEST_F(TypesTest, NamesAreNotEmpty) {
  EXPECT_EQ(RoundTrip("tensor<?xf32, #lathe.sym<\"\">>"), "");
  EXPECT_EQ(said_, "C2: the name of an extent is empty");
}

TEST_F(TypesTest, CachesHaveSaneSizes) {
  EXPECT_EQ(
      RoundTrip("!lathe.kv_layer<kv_heads = 0, head_dim = 4, dtype = f32, page = 64, window = 0>"),
      "");
  EXPECT_EQ(said_,
            "C1: kv_heads = 0, head_dim = 4, page = 64, window = 0: the first three must be "
            "positive, window must not be "
            "negative");
  said_.clear();
  EXPECT_EQ(RoundTrip("!lathe.kv_cache<name = \"a\", layers = 0, kv_heads = 1, head_dim = 4, dtype "
                      "= f32, page = 64, "
                      "window = 0>"),
            "");
  EXPECT_EQ(said_, "C1: layers = 0 in cache \"a\", must be positive");
}

TEST_F(TypesTest, CachesHoldFloats) {
  EXPECT_EQ(
      RoundTrip("!lathe.kv_layer<kv_heads = 1, head_dim = 4, dtype = i8, page = 64, window = 0>"),
      "");
  EXPECT_EQ(said_, "C2: dtype is 'i8', expected f32, f16 or bf16");
}

}  // namespace
}  // namespace lathe
