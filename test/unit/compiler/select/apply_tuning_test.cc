#include <memory>
#include <optional>

#include "compiler/select/candidates.h"
#include "compiler/select/passes.h"
#include "compiler/select/tiles.h"
#include "compiler/select/tuning.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mlir/Pass/PassManager.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;

// A layer that is called twice, and a head of the same shapes.
constexpr char kModel[] = R"(
  func.func private @layer(%x: tensor<?x32xf32, #tokens>, %w: tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> {
    %n = lathe.dispatch "act" (%a = %x : tensor<?x32xf32, #tokens>) -> tensor<?x32xf32, #tokens> {
      %s = lathe.silu %a : tensor<?x32xf32, #tokens>
      lathe.yield %s : tensor<?x32xf32, #tokens>
    }
    %y = lathe.dispatch "down" (%a = %n : tensor<?x32xf32, #tokens>, %b = %w : tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> {
      %m = lathe.matmul %a, %b : tensor<?x32xf32, #tokens>, tensor<32x32xbf16>
      lathe.yield %m : tensor<?x32xf32, #tokens>
    }
    return %y : tensor<?x32xf32, #tokens>
  }
  func.func @step(%x: tensor<?x32xf32, #tokens>, %w: tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> {
    %0 = call @layer(%x, %w) : (tensor<?x32xf32, #tokens>, tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> loc("layers.0")
    %1 = call @layer(%0, %w) : (tensor<?x32xf32, #tokens>, tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> loc("layers.1")
    %y = lathe.dispatch "head" (%a = %1 : tensor<?x32xf32, #tokens>, %b = %w : tensor<32x32xbf16>) -> tensor<?x32xf32, #tokens> {
      %m = lathe.matmul %a, %b : tensor<?x32xf32, #tokens>, tensor<32x32xbf16>
      lathe.yield %m : tensor<?x32xf32, #tokens>
    }
    return %y : tensor<?x32xf32, #tokens>
  })";

class ApplyTuningTest : public ::testing::Test {
 protected:
  // The report, or none and error_.
  std::optional<TuningReport> Apply(std::vector<TuningRule> rules) {
    std::optional<TuningReport> report;
    mlir::MLIRContext* context = graph_->module()->getContext();
    mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic& diagnostic) {
      error_ += diagnostic.str();
      return mlir::success();
    });
    mlir::PassManager passes(context);
    passes.addPass(CreateSelectKernelsPass({"cpu"}));
    passes.addPass(CreateApplyTuningPass(std::move(rules), {"cpu"},
                                         [&](const TuningReport& r) { report = r; }));
    const bool has_run = mlir::succeeded(passes.run(graph_->module()));
    EXPECT_EQ(has_run, report.has_value());
    return report;
  }

  DispatchOp Find(llvm::StringRef name) {
    DispatchOp found;
    graph_->module().walk([&](DispatchOp dispatch) {
      if (dispatch.getName() == name) found = dispatch;
    });
    return found;
  }

  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>(kModel);
  std::string error_;
};

TuningRule Rule(std::string dispatch, std::map<std::string, int64_t> numbers,
                std::string level = "x86-64-v4") {
  return {
      .dispatch = std::move(dispatch), .level = std::move(level), .numbers = std::move(numbers)};
}

TEST_F(ApplyTuningTest, RulesSetNumbersAndLeaveTheRest) {
  const std::optional<TuningReport> report = Apply(
      {Rule("layers.*.down", {{"rows", 4}}), Rule("layers.*.down", {{"rows", 3}}, "x86-64-v3"),
       Rule("*.down", {{"prefetch_lines", 7}})});
  ASSERT_TRUE(report.has_value()) << error_;
  EXPECT_EQ(ReportText(*report), "tuning: 3 of 3 rules used, 2 dispatches");
  EXPECT_FALSE(HasTiles(Find("head")));
  EXPECT_FALSE(HasTiles(Find("act")));
  const Tiles tiles = ReadTiles(Find("down")).value();
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  LATHE_ASSERT_OK_AND_ASSIGN(KernelChoice plain, ChosenKernel(Find("head"), cpu));
  for (const CpuLevel& level : cpu.levels) {
    MatmulTiling expected = plain.tiling(level);
    if (level.name != "x86-64-v4" && level.name != "x86-64-v3") continue;
    expected.rows = level.name == "x86-64-v4" ? 4 : 3;
    if (level.name == "x86-64-v4") expected.prefetch_lines = 7;
    EXPECT_EQ(tiles.at(level.name), expected) << level.name;
  }
  std::string notes;
  llvm::raw_string_ostream(notes) << Find("down")->getAttr("notes");
  EXPECT_THAT(notes, AllOf(HasSubstr("cpu: matmul: taken, matmul k=32 n=32"),
                           HasSubstr("tile[x86-64-v4]: rows=4 ")));
}

TEST_F(ApplyTuningTest, KernelsAreNamedByTheirKeys) {
  const std::optional<TuningReport> report =
      Apply({{.kernel = "matmul k=32 *", .level = "x86-64-v4", .numbers = {{"rows", 2}}}});
  ASSERT_TRUE(report.has_value()) << error_;
  EXPECT_EQ(report->num_dispatches, 3);
  EXPECT_TRUE(HasTiles(Find("head")));
}

TEST_F(ApplyTuningTest, RulesThatMatchNothingAreReported) {
  const std::optional<TuningReport> report =
      Apply({Rule("layers.*.down", {{"rows", 4}}), Rule("layers.*.dwn", {{"rows", 4}}),
             Rule("layers.*.act", {{"rows", 4}})});
  ASSERT_TRUE(report.has_value()) << error_;
  EXPECT_THAT(ReportText(*report),
              AllOf(HasSubstr("tuning: 1 of 3 rules used, 2 dispatches; rule 2 matched nothing, "
                              "the nearest is layers.0.down"),
                    HasSubstr("; rule 3 matched nothing")));
}

TEST_F(ApplyTuningTest, RulesThatCannotBeAreErrors) {
  auto refused = [&](TuningRule rule, const char* message) {
    error_.clear();
    graph_ = std::make_unique<Graph>(kModel);
    EXPECT_FALSE(Apply({std::move(rule)}).has_value());
    EXPECT_THAT(error_, AllOf(HasSubstr("tuning: rule 1"), HasSubstr(message)));
  };
  refused(Rule("*.down", {{"rows", 64}}),
          "a tile of rows = 64, blocks = 2 needs 131 vector registers, x86-64-v4 has 32; with as "
          "many blocks at most rows = 14 fits");
  refused(Rule("*.down", {{"rows", 0}}), "rows is 0, expected 1 to 1024");
  refused(Rule("*.down", {{"rows", int64_t{1} << 62}}), "expected 1 to 1024");
  refused(Rule("*.down", {{"rowz", 1}}), "there is no number \"rowz\"");
  refused(Rule("*.down", {{"rows", 1}}, "x86-64-v9"), "x86-64-v9");
  refused(
      Rule("layers.1.down", {{"rows", 1}}),
      "dispatch \"layers.1.down\" matches layers.1.down but not layers.0.down, and layers share "
      "one body and its kernels; name them all, with * in place of the number");
}

}  // namespace
}  // namespace lathe
