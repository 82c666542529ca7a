#include "compiler/emit/program_builder.h"

#include "gtest/gtest.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Graph;
using ::testing::HasSubstr;
using testing::kTinyModelDispatches;
using testing::kTinyModelKernels;
using testing::RunPhases;
using testing::StatusIs;
using testing::TinyModel;

class ProgramBuilderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_ASSERT_OK(RunPhases(*model_, Phase::kPlan));
    LATHE_ASSERT_OK_AND_ASSIGN(cpu_, FindTarget("cpu"));
  }

  absl::Status Build() {
    return ProgramBuilder(manifest_, weights_).AddPrograms(model_->module(), cpu_);
  }

  const artifact::Program& program() const { return manifest_.programs(0); }
  const artifact::Command& Command(absl::string_view name) const {
    for (const artifact::Command& command : program().commands()) {
      if (command.name() == name) return command;
    }
    ADD_FAILURE() << "no command " << name;
    return program().commands(0);
  }
  // "2*tokens", with ceil(./divisor) as "/divisor".
  std::string Text(const artifact::Expr& expr) const {
    std::string text;
    for (const artifact::Expr::Term& term : expr.terms()) {
      text += (text.empty() ? "" : " + ") + std::to_string(term.coefficient());
      for (uint32_t symbol : term.symbols())
        text += "*" + manifest_.symbols(static_cast<int>(symbol));
      if (term.divisor() > 1) text += "/" + std::to_string(term.divisor());
    }
    return text.empty() ? "0" : text;
  }

  std::unique_ptr<Graph> model_ = TinyModel();
  Target cpu_;
  artifact::Manifest manifest_;
  WeightTable weights_;
};

TEST_F(ProgramBuilderTest, InputsOutputsAndKernels) {
  LATHE_ASSERT_OK(Build());
  EXPECT_EQ(program().target(), "cpu");
  EXPECT_EQ(program().entry(), "step");
  std::vector<std::string> inputs;
  for (const artifact::Input& input : program().inputs()) inputs.push_back(input.name());
  EXPECT_THAT(inputs, ElementsAre("tokens", "positions", "row_sequence", "logit_rows"));
  EXPECT_EQ(program().inputs(3).dtype(), artifact::I32);
  EXPECT_EQ(Text(program().inputs(3).shape(0)), "1*logit_rows");
  ASSERT_EQ(program().outputs_size(), 1);
  EXPECT_EQ(program().outputs(0).name(), "logits");
  EXPECT_EQ(Text(program().outputs(0).shape(0)), "1*logit_rows");
  EXPECT_EQ(Text(program().outputs(0).shape(1)), "32");
  EXPECT_EQ(Text(program().outputs(0).buffer().size()), "128*logit_rows");
  EXPECT_EQ(program().kernels_size(), kTinyModelKernels);
  EXPECT_EQ(program().commands_size(), kTinyModelDispatches);
  // Both layers launch the same code.
  EXPECT_EQ(Command("layers.1.attn:attention").kernel(),
            Command("layers.3.attn:attention").kernel());
}

TEST_F(ProgramBuilderTest, CacheGroupsAreLaidOutInPages) {
  LATHE_ASSERT_OK(Build());
  ASSERT_EQ(manifest_.kv_groups_size(), 1);
  const artifact::KvCacheGroup& group = manifest_.kv_groups(0);
  EXPECT_EQ(group.name(), "kv");
  EXPECT_EQ(group.dtype(), artifact::BF16);
  EXPECT_EQ(group.value_offset(), 1 * 16 * 64 * 2);
  EXPECT_EQ(group.layer_bytes(), 2 * group.value_offset());
  EXPECT_EQ(group.page_bytes(), 2 * group.layer_bytes());
  EXPECT_EQ(manifest_.symbols(static_cast<int>(group.max_pages_symbol())), "kv.max_pages");
  // Not 0 and 1: layers without a cache stand between.
  EXPECT_THAT(group.model_layers(), ElementsAre(1, 3));
}

TEST_F(ProgramBuilderTest, AttentionReadsItsLayersPages) {
  LATHE_ASSERT_OK(Build());
  const artifact::Command& command = Command("layers.3.attn:attention");
  ASSERT_EQ(command.operands_size(), 6);
  EXPECT_TRUE(command.operands(0).has_buffer());
  EXPECT_EQ(command.operands(1).state().part(), artifact::StateRef::POOL);
  EXPECT_EQ(command.operands(1).state().byte_offset(), manifest_.kv_groups(0).layer_bytes());
  EXPECT_FALSE(command.operands(1).written());
  EXPECT_EQ(command.operands(2).state().part(), artifact::StateRef::PAGE_TABLE);
  EXPECT_EQ(command.operands(3).input(), 1);
  EXPECT_EQ(command.operands(4).input(), 2);
  EXPECT_TRUE(command.operands(5).written());
  // The page table's row length is bound to the symbol of the group.
  ASSERT_EQ(command.dims_size(), 2);
  EXPECT_EQ(Text(command.dims(0)), "1*tokens");
  EXPECT_EQ(Text(command.dims(1)), "1*kv.max_pages");
  EXPECT_THAT(Text(command.items()), HasSubstr("1*tokens/"));
}

TEST_F(ProgramBuilderTest, CommandsCarryCostAndReasons) {
  LATHE_ASSERT_OK(Build());
  const artifact::Command& head = Command("head");
  EXPECT_EQ(Text(head.flops()), "1024*logit_rows");
  EXPECT_EQ(Text(head.bytes_read()), "64*logit_rows + 1024");
  EXPECT_EQ(Text(head.bytes_written()), "128*logit_rows");
  ASSERT_EQ(head.notes_size(), 10);  // one a candidate
  EXPECT_THAT(head.notes(1), HasSubstr("cpu: matmul: taken, "));
}

TEST_F(ProgramBuilderTest, WeightsAreCollectedOnceInTheOrderOfUse) {
  LATHE_ASSERT_OK(Build());
  std::vector<std::string> names;
  for (const WeightEntry& entry : weights_.entries())
    names.push_back(entry.name + " " + entry.layout);
  EXPECT_THAT(names, ElementsAre("embed k2n16", "inv_freq rows", "layers.1.norm rows",
                                 "layers.3.norm rows"));
  EXPECT_TRUE(weights_.entries()[1].constant);
}

TEST_F(ProgramBuilderTest, ACacheBeyondAllMeasureIsRefused) {
  auto step = model_->module().lookupSymbol<mlir::func::FuncOp>("step");
  auto cache = llvm::cast<KvCacheType>(step.getArgument(4).getType());
  step.getArgument(4).setType(
      KvCacheType::get(step->getContext(), cache.getName(), int64_t{1} << 40, cache.getKvHeads(),
                       cache.getHeadDim(), cache.getDtype(), cache.getPage(), cache.getWindow()));
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("cache group kv: 1099511627776 is beyond")));
}

TEST_F(ProgramBuilderTest, AModuleWithoutKernelsIsRefused) {
  model_->module().walk([](mlir::ModuleOp module) {
    if (module.getSymName() == "kernels.cpu") {
      module.erase();
      return mlir::WalkResult::interrupt();
    }
    return mlir::WalkResult::advance();
  });
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("entry @step"),
                                      HasSubstr("there are no kernels for cpu: run phase lower"))));
}

TEST_F(ProgramBuilderTest, AKernelWithoutABodyIsNamed) {
  mlir::Operation* head = model_->Op("lathe.dispatch");
  mlir::Builder builder(head->getContext());
  head->setAttr("symbols", builder.getDictionaryAttr(
                               builder.getNamedAttr("cpu", builder.getStringAttr("gone"))));
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("dispatch head"),
                                      HasSubstr("its kernel gone has no body"))));
}

TEST_F(ProgramBuilderTest, ADispatchThatChangedSinceItsKernelWasWrittenIsNamed) {
  mlir::Operation* attention = model_->Op("lathe.attention");
  attention->setAttr("scale", mlir::Builder(attention->getContext()).getF64FloatAttr(0.5));
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("dispatch layers.3.attn:attention"),
                                      HasSubstr("was written for something else"),
                                      HasSubstr("run phase lower again"))));
}

}  // namespace
}  // namespace lathe
