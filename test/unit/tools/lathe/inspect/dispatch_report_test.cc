#include "tools/lathe/inspect/dispatch_report.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void SetTerm(artifact::Expr& expr, int64_t coefficient, bool is_per_token) {
  artifact::Expr::Term& term = *expr.add_terms();
  term.set_coefficient(coefficient);
  if (is_per_token) term.add_symbols(0);
}

// Two layers with the same kernel, and a head: 1000 weights of 2 bytes each.
artifact::Manifest Manifest() {
  artifact::Manifest manifest;
  manifest.add_symbols("tokens");
  artifact::Program& program = *manifest.add_programs();
  program.set_entry("step");
  program.set_target("cpu");
  program.add_kernels()->set_symbol("matmul_1");
  program.add_kernels()->set_symbol("matmul_2");
  for (const char* name : {"model.layers.0.up", "model.layers.1.up", "head"}) {
    artifact::Command& command = *program.add_commands();
    command.set_name(name);
    command.set_kernel(std::string(name) == "head" ? 1 : 0);
    SetTerm(*command.mutable_flops(), 2000, true);
    SetTerm(*command.mutable_bytes_read(), 2000, false);
    SetTerm(*command.mutable_bytes_written(), 40, true);
  }
  return manifest;
}

const StepSizes kOne = {{1}, "tokens=1"};
const StepSizes kMany = {{100}, "tokens=100"};

TEST(DispatchReportTest, KindsOfDispatchesWithTheirWork) {
  const artifact::Manifest manifest = Manifest();
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text,
                             DispatchTable(manifest.programs(0), kMany, std::nullopt));
  EXPECT_THAT(text, AllOf(HasSubstr("entry step for cpu at tokens=100\n"),
                          HasSubstr("  model.layers.*.up     2       0.200       0.006      33.33"
                                    "  matmul_1\n"),
                          HasSubstr("  head                  1 "), Not(HasSubstr("limit"))));
}

TEST(DispatchReportTest, LimitsPredictTheTime) {
  const artifact::Manifest manifest = Manifest();
  const Machine limits{.limits = {.bytes_per_second = 1e9, .flops_per_second = 1e10}};
  LATHE_ASSERT_OK_AND_ASSIGN(std::string one, DispatchTable(manifest.programs(0), kOne, limits));
  EXPECT_THAT(one, AllOf(HasSubstr("       2.0  memory    matmul_1"),
                         HasSubstr("the whole step takes at least 6.1 us: 163398.7 steps/s")));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string many, DispatchTable(manifest.programs(0), kMany, limits));
  EXPECT_THAT(many, HasSubstr("      20.0  fma f32   matmul_1"));
}

TEST(DispatchReportTest, CostsAreShownAsExpressionsAndNumbers) {
  const artifact::Manifest manifest = Manifest();
  const Machine limits{.limits = {.bytes_per_second = 1e9, .flops_per_second = 1e10}};
  LATHE_ASSERT_OK_AND_ASSIGN(
      std::string text, CostText(manifest, manifest.programs(0), manifest.programs(0).commands(0),
                                 {kOne, kMany}, limits));
  EXPECT_THAT(text,
              AllOf(HasSubstr("flops    2000*tokens\n"), HasSubstr("reads    2000 bytes\n"),
                    HasSubstr("at tokens=1\n           2000 FLOPs, 2040 bytes, 0.98 FLOP/byte; at "
                              "least 2.0 us, bound by memory\n"),
                    HasSubstr("200000 FLOPs, 6000 bytes, 33.33 FLOP/byte; at least 20.0 us, "
                              "bound by fma f32\n")));
}

TEST(DispatchReportTest, TheUnitOfTheLevelLimits) {
  artifact::Manifest manifest = Manifest();
  for (const char* level : {"low", "high"}) manifest.add_code()->set_feature_level(level);
  artifact::LevelUnit& unit = *manifest.mutable_programs(0)->mutable_kernels(0)->add_units();
  unit.set_feature_level("high");
  unit.set_unit(artifact::DOT_BF16);
  Roofline limits{.bytes_per_second = 1e9, .flops_per_second = 1e10};
  EXPECT_EQ(PredictedLevel(manifest, limits), "low") << "no such machine has a dot product";
  limits.SetPeak(ArithmeticUnit::kDotBF16, 2e10);
  EXPECT_EQ(PredictedLevel(manifest, limits), "high");
  LATHE_ASSERT_OK_AND_ASSIGN(std::string high,
                             DispatchTable(manifest.programs(0), kMany, Machine{limits, "high"}));
  EXPECT_THAT(high,
              AllOf(HasSubstr("      10.0  dot bf16  matmul_1"),
                    HasSubstr("      20.0  fma f32   matmul_2"), HasSubstr("steps/s (high)")));
  LATHE_ASSERT_OK_AND_ASSIGN(std::string low,
                             DispatchTable(manifest.programs(0), kMany, Machine{limits, "low"}));
  EXPECT_THAT(low, HasSubstr("      20.0  fma f32   matmul_1"));
}

TEST(DispatchReportTest, SizesBeyondAllNumbersAreRefused) {
  const artifact::Manifest manifest = Manifest();
  const StepSizes huge = {{int64_t{1} << 60}, "tokens=2^60"};
  EXPECT_THAT(DispatchTable(manifest.programs(0), huge, std::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at tokens=2^60")));
}

}  // namespace
}  // namespace lathe
