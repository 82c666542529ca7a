#include "compiler/pipeline/contracts.h"

#include <functional>

#include "compiler/pipeline/diagnostics.h"
#include "gtest/gtest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using ::testing::HasSubstr;
using testing::RunPhases;
using testing::StatusIs;
using testing::TinyModel;

absl::Status Contract(Phase phase, mlir::ModuleOp module) {
  DiagnosticCollector diagnostics(module->getContext());
  if (mlir::succeeded(VerifyContract(phase, module))) return absl::OkStatus();
  return diagnostics.ToStatus("no diagnostic");
}

// A breach planted in the module after a phase.
struct Breach {
  std::string name;
  Phase phase;
  std::function<void(Graph&)> plant;
  std::string message;
};

void PrintTo(const Breach& breach, std::ostream* out) { *out << breach.name; }

mlir::func::FuncOp Function(Graph& model, llvm::StringRef name) {
  return model.module().lookupSymbol<mlir::func::FuncOp>(name);
}

void EraseAttribute(Graph& model, llvm::StringRef op, llvm::StringRef attribute) {
  ASSERT_TRUE(model.Op(op)->removeAttr(attribute)) << attribute.str();
}

// An op of another dialect at the end of @step.
void AddForeignOp(Graph& model) {
  mlir::Operation* terminator = Function(model, "step").front().getTerminator();
  mlir::OpBuilder builder(terminator);
  mlir::Value logits = terminator->getOperand(0);
  mlir::UnrealizedConversionCastOp::create(builder, builder.getUnknownLoc(), logits.getType(),
                                           logits);
}

// lathe.neg of the logits, in no dispatch.
void AddGraphOp(Graph& model) {
  mlir::Operation* terminator = Function(model, "step").front().getTerminator();
  mlir::OpBuilder builder(terminator);
  mlir::OperationState state(builder.getUnknownLoc(), "lathe.neg");
  state.addOperands(terminator->getOperand(0));
  state.addTypes(terminator->getOperand(0).getType());
  terminator->setOperand(0, builder.create(state)->getResult(0));
}

// The layer calls itself.
void AddRecursion(Graph& model) {
  mlir::func::FuncOp layer = Function(model, "layer");
  mlir::OpBuilder builder(layer.front().getTerminator());
  mlir::func::CallOp::create(builder, builder.getUnknownLoc(), layer, layer.getArguments());
}

// An argument of @step that nothing reads.
void AddArgument(Graph& model, mlir::Type type, llvm::StringRef name) {
  mlir::Builder builder(model.module()->getContext());
  mlir::DictionaryAttr attributes = name.empty() ? builder.getDictionaryAttr({})
                                                 : builder.getDictionaryAttr(builder.getNamedAttr(
                                                       "lathe.name", builder.getStringAttr(name)));
  mlir::func::FuncOp step = Function(model, "step");
  ASSERT_TRUE(mlir::succeeded(
      step.insertArgument(step.getNumArguments(), type, attributes, builder.getUnknownLoc())));
}

mlir::Type Floats(Graph& model, int64_t extent) {
  return mlir::RankedTensorType::get({extent},
                                     mlir::Float32Type::get(model.module()->getContext()));
}

std::vector<Breach> Breaches() {
  return {
      {"ForeignOp", Phase::kNormalize, AddForeignOp,
       "after phase normalize: 'builtin.unrealized_conversion_cast' is not an op of the graph"},
      {"NoEntry", Phase::kNormalize, [](Graph& m) { Function(m, "step").setName("other"); },
       "after phase normalize: there is no entry @step"},
      {"Recursion", Phase::kNormalize, AddRecursion, "recursion through @layer"},
      {"UnnamedExtent", Phase::kNormalize,
       [](Graph& m) { AddArgument(m, Floats(m, mlir::ShapedType::kDynamic), "more"); },
       "'tensor<?xf32>' is neither a cache nor a tensor of named extents"},
      {"UnnamedInput", Phase::kNormalize, [](Graph& m) { AddArgument(m, Floats(m, 4), ""); },
       "argument 5 has no lathe.name"},
      {"NameTwice", Phase::kNormalize, [](Graph& m) { AddArgument(m, Floats(m, 4), "tokens"); },
       "argument 5 has the name 'tokens' of another one"},
      {"LayerInput", Phase::kNormalize,
       [](Graph& m) { AddArgument(m, Function(m, "layer").getArgumentTypes()[1], "more"); },
       "argument 5 of an entry is a cache layer, expected its group"},
      {"UnnamedOutput", Phase::kNormalize,
       [](Graph& m) { Function(m, "step").removeResultAttr(0, "lathe.name"); },
       "result 0 has no lathe.name"},
      {"Mesh", Phase::kPlace, [](Graph& m) { m.module()->removeAttr("lathe.mesh"); },
       "after phase place: attribute lathe.mesh is missing"},
      {"TwoDevices", Phase::kPlace,
       [](Graph& m) {
         mlir::Builder builder(m.module()->getContext());
         m.module()->setAttr("lathe.mesh", builder.getDenseI64ArrayAttr({2}));
       },
       "only one device is supported, the mesh has 2"},
      {"Precision", Phase::kQuantize, [](Graph& m) { m.module()->removeAttr("lathe.precision"); },
       "after phase quantize: attribute lathe.precision is missing"},
      {"Unfused", Phase::kFuse, AddGraphOp, "after phase fuse: 'lathe.neg' is in no dispatch"},
      {"NoKernel", Phase::kSelect, [](Graph& m) { EraseAttribute(m, "lathe.dispatch", "kernels"); },
       "after phase select: dispatch 'head' has no kernel (attribute kernels)"},
      {"NoBody", Phase::kLower, [](Graph& m) { EraseAttribute(m, "lathe.dispatch", "symbols"); },
       "after phase lower: dispatch 'head' has no kernel body (attribute symbols)"},
      {"NoPlace", Phase::kPlan, [](Graph& m) { EraseAttribute(m, "lathe.dispatch", "buffers"); },
       "buffer 0 of dispatch head is missing: run phase plan first"},
      {"NoWorkspace", Phase::kPlan, [](Graph& m) { Function(m, "step")->removeAttr("workspace"); },
       "the workspace is missing: run phase plan first"},
      {"Private", Phase::kPlan, [](Graph& m) { Function(m, "step").setPrivate(); },
       "after phase plan: layer function @step was not inlined"},
  };
}

class ContractsTest : public ::testing::TestWithParam<Breach> {};

TEST_P(ContractsTest, ABreachIsFound) {
  const Breach& breach = GetParam();
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, breach.phase));
  LATHE_ASSERT_OK(Contract(breach.phase, model->module()));
  breach.plant(*model);
  EXPECT_THAT(Contract(breach.phase, model->module()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(breach.message)));
}

INSTANTIATE_TEST_SUITE_P(Planted, ContractsTest, ::testing::ValuesIn(Breaches()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(ContractOrderTest, AModuleDoesNotKeepTheContractOfALaterPhase) {
  for (Phase phase : {Phase::kNormalize, Phase::kPlace, Phase::kQuantize, Phase::kFuse,
                      Phase::kSelect, Phase::kLower}) {
    std::unique_ptr<Graph> model = TinyModel();
    LATHE_ASSERT_OK(RunPhases(*model, phase));
    Phase next = static_cast<Phase>(static_cast<int>(phase) + 1);
    EXPECT_FALSE(Contract(next, model->module()).ok()) << PhaseName(phase);
  }
}

TEST(ContractOrderTest, DispatchesAreNoGraphOpsBeforeFuse) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kFuse));
  EXPECT_THAT(
      Contract(Phase::kQuantize, model->module()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("after phase quantize: dispatch")));
}

TEST(ContractOrderTest, KernelsStandInNoModuleBeforeLower) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kLower));
  EXPECT_THAT(Contract(Phase::kSelect, model->module()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'builtin.module' may not stand at the top level")));
}

}  // namespace
}  // namespace lathe
