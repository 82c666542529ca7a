#include "compiler/pipeline/pipeline.h"

#include "absl/strings/str_join.h"
#include "compiler/codegen/kernel_modules.h"
#include "gtest/gtest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "ops/core/dialect.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::kTinyModelDispatches;
using testing::kTinyModelKernels;
using testing::RunPhases;
using testing::StatusIs;
using testing::TinyModel;

// Two sequences in one step; every row's logits.
HostTensor Logits(Graph& model) {
  Interpreter::NamedTensors inputs;
  inputs["tokens"] = HostTensor::Ints({5}, {3, 17, 31, 0, 9});
  inputs["positions"] = HostTensor::Ints({5}, {0, 1, 2, 0, 1});
  inputs["row_sequence"] = HostTensor::Ints({5}, {0, 0, 0, 1, 1});
  inputs["logit_rows"] = HostTensor::Ints({2}, {2, 4});
  KvState state;
  absl::StatusOr<Interpreter::NamedTensors> outputs =
      Interpreter(model.module(), model.weights()).Run("step", inputs, state);
  if (!outputs.ok()) ADD_FAILURE() << outputs.status().ToString();
  return outputs.ok() ? outputs->at("logits") : HostTensor();
}

TEST(PipelineTest, NoPhaseChangesWhatTheModelComputes) {
  // f32 keeps weights and caches exact from the start, so that not a bit may move.
  std::unique_ptr<Graph> quantized = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*quantized, Phase::kQuantize, "f32"));
  HostTensor expected = Logits(*quantized);
  ASSERT_EQ(expected.shape(), (std::vector<int64_t>{2, 32}));
  for (Phase last : {Phase::kFuse, Phase::kSelect, Phase::kLower, Phase::kPlan}) {
    std::unique_ptr<Graph> model = TinyModel();
    LATHE_ASSERT_OK(RunPhases(*model, last, "f32"));
    EXPECT_EQ(Logits(*model).floats(), expected.floats()) << PhaseName(last);
  }
  // The graph as built says bf16 for the cache; so does the phase.
  std::unique_ptr<Graph> built = TinyModel();
  HostTensor before = Logits(*built);
  LATHE_ASSERT_OK(RunPhases(*built, Phase::kPlace));
  EXPECT_EQ(Logits(*built).floats(), before.floats());
}

TEST(PipelineTest, EqualDispatchesShareOneKernel) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  int dispatches = 0;
  model->module().walk([&](DispatchOp) { ++dispatches; });
  EXPECT_EQ(dispatches, kTinyModelDispatches);
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  mlir::ModuleOp kernels = FindKernels(model->module(), cpu);
  ASSERT_TRUE(kernels);
  for (const CpuLevel& level : cpu.levels) {
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<LoweredKernel> lowered, KernelsOfLevel(kernels, level));
    EXPECT_EQ(lowered.size(), kTinyModelKernels) << level.name;
  }
}

TEST(PipelineTest, DispatchesAreNamedByThePathOfTheirLayer) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  std::vector<std::string> names;
  model->module().walk([&](DispatchOp op) { names.push_back(op.getName().str()); });
  EXPECT_THAT(names,
              ::testing::ElementsAre("embed", "rope_table", "layers.1.rms_norm.rope.kv_write",
                                     "layers.1.attn:attention", "layers.1.add",
                                     "layers.3.rms_norm.rope.kv_write", "layers.3.attn:attention",
                                     "layers.3.add", "gather_rows", "head"));
}

TEST(PipelineTest, AFailingPassIsTheFaultOfTheInput) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kFuse));
  CompileOptions options;
  options.targets = {"cuda:sm_90a"};
  EXPECT_THAT(RunPhase(Phase::kSelect, model->module(), options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("phase select: target cuda:sm_90a has no kernel for"),
                             HasSubstr("no candidates are listed for this kind of target"))));
}

TEST(PipelineTest, ABreachAfterOurPassesIsOurs) {
  std::unique_ptr<Graph> model = TinyModel();
  // Normalizing cannot make an entry.
  model->module().lookupSymbol<mlir::func::FuncOp>("step").setName("other");
  EXPECT_THAT(
      RunPhase(Phase::kNormalize, model->module(), CompileOptions()),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("after phase normalize: there is no entry")));
}

TEST(PipelineTest, EachPhaseIsItsPasses) {
  auto passes_of = [](Phase phase) {
    mlir::OpPassManager passes(mlir::ModuleOp::getOperationName());
    AddPhasePasses(phase, CompileOptions(), passes);
    std::vector<std::string> arguments;
    for (mlir::Pass& pass : passes.getPasses()) arguments.push_back(pass.getArgument().str());
    return absl::StrJoin(arguments, " ");
  };
  EXPECT_EQ(passes_of(Phase::kNormalize), "lathe-normalize-graph");
  EXPECT_EQ(passes_of(Phase::kPlace), "lathe-place-on-mesh");
  EXPECT_EQ(passes_of(Phase::kQuantize), "lathe-choose-storage");
  EXPECT_EQ(passes_of(Phase::kFuse), "lathe-form-dispatches");
  EXPECT_EQ(passes_of(Phase::kSelect), "lathe-select-kernels");
  EXPECT_EQ(passes_of(Phase::kLower), "lathe-lower-dispatches");
  EXPECT_EQ(passes_of(Phase::kPlan), "lathe-inline-layers lathe-plan-buffers");
  EXPECT_EQ(passes_of(Phase::kEmit), "");
}

}  // namespace
}  // namespace lathe
