#include "ops/dialect.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/core/dialect.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

TEST(DialectTest, EveryOpIsPrimitiveOrDecomposes) {
  mlir::MLIRContext context;
  LoadDialects(context);
  int computing_ops = 0;
  for (mlir::RegisteredOperationName name : context.getRegisteredOperationsByDialect("lathe")) {
    if (!name.hasInterface<Evaluable>()) continue;
    ++computing_ops;
    EXPECT_NE(name.hasTrait<Primitive>(), name.hasInterface<Decomposes>())
        << name.getStringRef().str() << " must be one of the two";
  }
  EXPECT_GE(computing_ops, 30);
}

TEST(DialectTest, LongTypesHaveAliases) {
  testing::Graph graph(R"(
    !cache = !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 1, head_dim = 4, dtype = bf16, page = 64, window = 0>
    func.func @main(%x: tensor<?xi32, #tokens>, %y: tensor<?x?xf32, #lathe.sym<"a+1", b>>, %kv: !cache) {
      %l = lathe.cache_layer %kv[1] : !cache
      return
    })");
  std::string text = graph.Print();
  EXPECT_THAT(text, HasSubstr("#tokens = #lathe.sym<tokens>"));
  EXPECT_THAT(text, HasSubstr("#a_1_x_b = #lathe.sym<\"a+1\", b>"));
  EXPECT_THAT(text, HasSubstr("!kv_cache = !lathe.kv_cache<"));
  EXPECT_THAT(text, HasSubstr("lathe.cache_layer %arg2[1] : !kv_cache"));
}

}  // namespace
}  // namespace lathe
