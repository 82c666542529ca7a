#include "tools/lathe/bench/model_bench.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using testing::CompiledModel;
using ::testing::ElementsAre;
using testing::StatusIs;

TEST(ModelBenchTest, HasALineForEachWork) {
  ModelBenchOptions options;
  options.prefill = std::vector<int64_t>{32, 70};
  options.batch = {1, 3};
  options.threads = {1};
  options.repeat = 1;
  options.decode_steps = 2;
  options.context = 5;
  options.read_bytes = 1 << 20;
  Report report;
  LATHE_ASSERT_OK(BenchModel(CompiledModel(), options, report));
  std::vector<std::string> names;
  for (const ReportLine& line : report.lines()) {
    names.push_back(line.name);
    for (const Metric& metric : line.metrics)
      EXPECT_TRUE(metric.value >= 0) << line.name << " " << metric.name << " " << metric.value;
  }
  EXPECT_THAT(names,
              ElementsAre("prefill 32/1 thread", "prefill 70/1 thread", "decode batch 1/1 thread",
                          "decode batch 3/1 thread", "start/1 thread"));
}

TEST(ModelBenchTest, WithoutLengthsThoseThatFitTheContext) {
  ModelBenchOptions options;
  options.batch = {};
  options.repeat = 1;
  options.read_bytes = 1 << 20;
  Report report;
  LATHE_ASSERT_OK(BenchModel(CompiledModel(), options, report));
  EXPECT_NE(report.Find("prefill 128/1 thread"), nullptr);
  EXPECT_EQ(report.Find("prefill 512/1 thread"), nullptr);  // the context is 512
}

TEST(ModelBenchTest, LengthsBeyondTheContextAreRefused) {
  ModelBenchOptions options;
  options.prefill = std::vector<int64_t>{100000};
  options.repeat = 1;
  options.read_bytes = 1 << 20;
  Report report;
  EXPECT_THAT(BenchModel(CompiledModel(), options, report),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("context")));
}

}  // namespace
}  // namespace lathe
