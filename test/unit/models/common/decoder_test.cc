#include "models/common/decoder.h"

#include "ops/core/dialect.h"
#include "ops/dialect.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DecoderTest : public ::testing::Test {
 protected:
  DecoderTest() {
    LoadDialects(context_);
    config_.vocab_size = 320;
    config_.hidden_size = 48;
    config_.num_layers = 3;
    config_.num_heads = 6;
    config_.num_kv_heads = 2;
    config_.head_dim = 16;
    config_.max_position_embeddings = 256;
    config_.window = {0, 0, 0};
  }

  absl::StatusOr<BuiltModel> Build(const std::function<LayerKind(int64_t)>& kind_of) {
    GraphBuilder& b =
        *(builder_ = std::make_unique<GraphBuilder>(
              &context_, GraphInfo{"test", 256}, [](const std::string&) { return DType::kBF16; }));
    EmitDecoder(b, config_, {}, kind_of);
    return FinishDecoder(b, config_, "test", "config.json");
  }
  LayerKind Mlp(const std::string& name, int64_t intermediate) {
    return {name, [this, intermediate](const WeightScope& w, mlir::Value x) {
              return SwigluMlp(*builder_, w, x, intermediate);
            }};
  }
  static std::vector<std::string> Layers(BuiltModel& model) {
    std::vector<std::string> names;
    for (auto function : model.module->getOps<mlir::func::FuncOp>()) {
      if (function.isPrivate()) names.push_back(function.getName().str());
    }
    return names;
  }

  mlir::MLIRContext context_;
  DecoderConfig config_;
  std::unique_ptr<GraphBuilder> builder_;
};

TEST_F(DecoderTest, LayersOfAKindShareAFunction) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, Build([&](int64_t layer) {
                               return layer == 1 ? Mlp("wide", 128) : Mlp("narrow", 96);
                             }));
  EXPECT_THAT(Layers(model), ElementsAre("narrow", "wide"));
  std::vector<int64_t> widths;
  for (const ParamInfo& param : model.params) {
    if (param.name.find("mlp.up_proj") != std::string::npos) widths.push_back(param.shape[0]);
  }
  EXPECT_THAT(widths, ElementsAre(96, 128, 96));
  EXPECT_EQ(model.family, "test");
  EXPECT_EQ(model.vocab_size, 320);
}

TEST_F(DecoderTest, WhatDoesNotFitIsTheConfigurationsFault) {
  config_.num_kv_heads = 4;  // six query heads cannot share them
  EXPECT_THAT(Build([&](int64_t) { return Mlp("layer", 96); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the config of this test model contradicts itself")));
}

}  // namespace
}  // namespace lathe
