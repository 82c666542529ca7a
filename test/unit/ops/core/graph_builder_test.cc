#include "ops/core/graph_builder.h"

#include "gtest/gtest.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"
#include "ops/elementwise/elementwise_build.h"
#include "ops/embedding/embedding_build.h"
#include "ops/linear/linear_build.h"
#include "ops/norm/norm_build.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GraphBuilderTest : public ::testing::Test {
 protected:
  GraphBuilderTest() { LoadDialects(context_); }
  GraphBuilder Start() {
    return GraphBuilder(&context_, {"test", 128},
                        [this](const std::string& name) -> std::optional<DType> {
                          auto it = dtypes_.find(name);
                          return it == dtypes_.end() ? DType::kBF16 : it->second;
                        });
  }
  // One step with `layers` layers of a norm and a square matrix.
  static void BuildStep(GraphBuilder& b, int64_t layers) {
    b.BeginEntry("step");
    mlir::Value tokens = b.Input("tokens", b.Tensor(DType::kI32, {"tokens"}));
    mlir::Value table = b.Weights("model").In("embed_tokens").Param("weight", {16, 8});
    mlir::Value x = Embed(b, table, tokens);
    for (int64_t i = 0; i < layers; ++i) {
      x = b.Layer("decoder_layer", {{"x", x}}, b.Weights("model").In("layers").In(i),
                  [&](mlir::ValueRange in, const WeightScope& w) {
                    mlir::Value h = RmsNorm(b, w.In("norm"), in[0], 1e-6);
                    return Add(b, in[0], Linear(b, w.In("mlp").In("proj"), h, {.out = 8}));
                  });
    }
    b.Output("logits", Matmul(b, x, table));
    b.EndEntry();
  }
  static std::string Print(mlir::ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream);
    return text;
  }
  static std::vector<std::string> Functions(mlir::ModuleOp module) {
    std::vector<std::string> names;
    for (auto function : module.getOps<mlir::func::FuncOp>())
      names.push_back(function.getName().str());
    return names;
  }

  mlir::MLIRContext context_;
  std::map<std::string, std::optional<DType>> dtypes_;
};

TEST_F(GraphBuilderTest, LayersOfAKindShareAFunction) {
  GraphBuilder b = Start();
  BuildStep(b, 3);
  std::vector<ParamInfo> params = b.params();
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, b.Finish());
  EXPECT_THAT(Functions(*module), ElementsAre("decoder_layer", "step"));
  ASSERT_EQ(params.size(), 7u);
  EXPECT_EQ(params[0].name, "model.embed_tokens.weight");
  EXPECT_EQ(params[1].name, "model.layers.0.norm.weight");
  EXPECT_EQ(params[6].name, "model.layers.2.mlp.proj.weight");
  EXPECT_THAT(params[6].shape, ElementsAre(8, 8));
  EXPECT_THAT(Print(*module),
              AllOf(HasSubstr("lathe.family = \"test\", lathe.max_context = 128"),
                    HasSubstr("func.func private @decoder_layer(%arg0: tensor<?x8xf32, #tokens> "
                              "{lathe.name = \"x\"}, %arg1: "
                              "tensor<8xbf16> {lathe.name = \"norm.weight\"}"),
                    HasSubstr("-> (tensor<?x16xf32, #tokens> {lathe.name = \"logits\"})")));
}

TEST_F(GraphBuilderTest, OtherDTypesMakeAnotherFunction) {
  dtypes_["model.layers.1.norm.weight"] = DType::kF32;
  dtypes_["model.layers.2.norm.weight"] = DType::kF32;
  GraphBuilder b = Start();
  BuildStep(b, 4);
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, b.Finish());
  EXPECT_THAT(Functions(*module), ElementsAre("decoder_layer", "decoder_layer_1", "step"));
}

TEST_F(GraphBuilderTest, AWeightThatIsMissingOrForeignIsBuiltAsF32) {
  dtypes_["model.embed_tokens.weight"] = std::nullopt;
  dtypes_["model.layers.0.norm.weight"] = DType::kI64;
  GraphBuilder b = Start();
  BuildStep(b, 1);
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, b.Finish());
  EXPECT_THAT(Print(*module), AllOf(HasSubstr("@model.embed_tokens.weight : tensor<16x8xf32>"),
                                    HasSubstr("@model.layers.0.norm.weight : tensor<8xf32>")));
}

TEST_F(GraphBuilderTest, OpsAreLocatedAtTheirCheckpointPath) {
  GraphBuilder b = Start();
  BuildStep(b, 1);
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, b.Finish());
  std::vector<std::string> names;
  module->walk([&](mlir::Operation* op) {
    auto location = llvm::dyn_cast<mlir::NameLoc>(op->getLoc());
    if (location)
      names.push_back(op->getName().getStringRef().str() + " " + location.getName().str());
  });
  EXPECT_THAT(names, ::testing::IsSupersetOf({"lathe.rms_norm norm", "lathe.matmul mlp.proj",
                                              "func.call model.layers.0",
                                              "lathe.weight model.layers.0.mlp.proj.weight"}));
}

TEST_F(GraphBuilderTest, ShapesThatContradictAreTheConfigsFault) {
  GraphBuilder b = Start();
  b.BeginEntry("step");
  mlir::Value x = b.Input("x", b.Tensor(DType::kF32, {"tokens", 8}));
  b.Output("y", Matmul(b, x, b.Weights("").Param("w", {4, 6})));
  b.EndEntry();
  EXPECT_THAT(b.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   AllOf(HasSubstr("this test model contradicts itself"),
                                         HasSubstr("C2: weight is [4, 6], expected [4, 8]"))));
}

TEST_F(GraphBuilderTest, CachesAndConstants) {
  GraphBuilder b = Start();
  b.BeginEntry("step");
  b.Input("kv", b.Cache({.layers = 2, .kv_heads = 1, .head_dim = 4}));
  b.Output("c", b.Constant("rope.inv_freq", {2}, {1.0f, 0.5f}));
  b.EndEntry();
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, b.Finish());
  EXPECT_THAT(
      Print(*module),
      AllOf(HasSubstr("dtype = bf16, page = 64, window = 0"),
            HasSubstr("lathe.constant \"rope.inv_freq\" dense<[1.000000e+00, 5.000000e-01]>")));
}

}  // namespace
}  // namespace lathe
