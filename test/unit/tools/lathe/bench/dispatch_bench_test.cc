#include "tools/lathe/bench/dispatch_bench.h"

#include "gtest/gtest.h"
#include "runtime/base/status_macros.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/bench/tiny_problem.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;
using testing::TinyProblems;

DispatchBenchOptions Quick() {
  DispatchBenchOptions options;
  options.repeat = 1;
  return options;
}

absl::Status Bench(mlir::ModuleOp problem, const DispatchBenchOptions& options, Report& report) {
  LATHE_ASSIGN_OR_RETURN(auto probes, LimitProbes::Create({.read_bytes = 1 << 20}));
  return BenchDispatch(problem, options, *probes, report);
}

TEST(DispatchBenchTest, PutsWhatWasReachedBesideTheLimit) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  DispatchBenchOptions options = Quick();
  options.symbols = {{"logit_rows", 3}};
  Report report;
  LATHE_ASSERT_OK(Bench(*head.module, options, report));
  ASSERT_EQ(report.lines().size(), 1u);
  EXPECT_THAT(report.lines()[0].name, HasSubstr("head logit_rows=3/1 thread/"));
  EXPECT_THAT(report.lines()[0].note, HasSubstr("bound by "));
  double limit = 0, share = 0, wall = 0, intensity = 0;
  for (const Metric& metric : report.lines()[0].metrics) {
    if (metric.name == "limit") limit = metric.value;
    if (metric.name == "of limit") share = metric.value;
    if (metric.name == "wall") wall = metric.value;
    if (metric.name == "intensity") intensity = metric.value;
  }
  EXPECT_GT(wall, 0);
  EXPECT_NEAR(share, 100 * limit / wall, 1e-6 * share);
  // 3 rows of 16 by 32 columns of weights in bf16 (or f32): two operations a weight and row.
  EXPECT_GT(intensity, 0.1);
}

TEST(DispatchBenchTest, NothingIsTimedWhenTheCheckFails) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  DispatchBenchOptions options = Quick();
  options.symbols = {{"logit_rows", 5}};
  options.tolerance = 0;
  Report report;
  // Sums in another order differ somewhere in 160 results.
  EXPECT_THAT(
      Bench(*head.module, options, report),
      StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr("disagrees with the interpreter"),
                                                  HasSubstr("--tolerance=T allows more"))));
  EXPECT_TRUE(report.lines().empty());
  options.check = false;
  LATHE_EXPECT_OK(Bench(*head.module, options, report));
}

TEST(DispatchBenchTest, UnknownSymbolsNameThoseThatThereAre) {
  TinyProblems problems;
  Problem attention = problems.Extract("attn:attention");
  DispatchBenchOptions options = Quick();
  options.symbols = {{"patches", 3}};
  Report report;
  EXPECT_THAT(Bench(*attention.module, options, report),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no symbol patches; it has cached_keys, sequences, tokens")));
}

TEST(DispatchBenchTest, ModulesThatAreNoProblemAreRefused) {
  std::unique_ptr<testing::Graph> model = testing::TinyModel();
  Report report;
  EXPECT_THAT(Bench(model->module(), Quick(), report),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a problem has one")));
}

}  // namespace
}  // namespace lathe
