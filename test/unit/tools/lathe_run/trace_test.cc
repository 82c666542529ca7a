#include "tools/lathe_run/trace.h"

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using nlohmann::json;
using ::testing::HasSubstr;

// Two dispatches on two workers; the second worker has no share of the first dispatch.
StepRecord Record(int64_t start_ns) {
  StepRecord record;
  record.commands = {
      {.name = "model.layers.0.mlp", .kernel = "matmul_1", .rows = 3, .work = {8, 4}},
      {.name = "bad \xff name", .kernel = "rowwise_2", .rows = 3}};
  record.times.Reset(2, 2);
  record.times.At(0, 0) = {start_ns, start_ns + 1500};
  record.times.At(0, 1) = {start_ns, start_ns};
  record.times.At(1, 0) = {start_ns + 1500, start_ns + 2000};
  record.times.At(1, 1) = {start_ns + 1600, start_ns + 2500};
  return record;
}

json Written(const Trace& trace, const std::string& path) {
  LATHE_EXPECT_OK(trace.Write());
  return json::parse(testing::ReadFileOrDie(path), nullptr, /*allow_exceptions=*/false);
}

// The slices of a track, in the file's order.
std::vector<json> Slices(const json& trace, int track) {
  std::vector<json> slices;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "X" && event["tid"] == track) slices.push_back(event);
  }
  return slices;
}

TEST(TraceTest, StepsDispatchesAndThreads) {
  const std::string path = testing::TempDir() + "/trace.json";
  Trace trace({.path = path});
  trace.Add("prefill", {{"tokens", 3}, {"sequences", 1}}, Record(1'000'000));
  trace.Add("decode", {{"tokens", 1}, {"sequences", 1}}, Record(1'010'000));
  const json written = Written(trace, path);
  ASSERT_TRUE(written.is_object());

  const std::vector<json> steps = Slices(written, 0);
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_EQ(steps[0]["name"], "prefill");
  EXPECT_EQ(steps[0]["ts"], 0.0);
  EXPECT_EQ(steps[0]["dur"], 2.5);
  EXPECT_EQ(steps[0]["args"]["tokens"], 3);
  EXPECT_EQ(steps[1]["name"], "model.layers.0.mlp");
  EXPECT_EQ(steps[1]["dur"], 1.5);
  EXPECT_EQ(steps[1]["args"],
            (json{{"kernel", "matmul_1"}, {"rows", 3}, {"flops", 8.0}, {"bytes", 4.0}}));
  EXPECT_EQ(steps[2]["name"], "bad \xef\xbf\xbd name");
  EXPECT_EQ(steps[2]["ts"], 1.5);
  EXPECT_EQ(steps[2]["dur"], 1.0) << "until the slower thread is done";
  EXPECT_EQ(steps[3]["name"], "decode");
  EXPECT_EQ(steps[3]["ts"], 10.0);

  EXPECT_EQ(Slices(written, 1).size(), 4u);
  const std::vector<json> second = Slices(written, 2);
  ASSERT_EQ(second.size(), 2u) << "without the launches of which it had no share";
  EXPECT_EQ(second[0]["ts"], 1.6);
  EXPECT_EQ(second[0]["dur"], 0.9);
}

TEST(TraceTest, KeepsTheFirstSteps) {
  const std::string path = testing::TempDir() + "/trace.json";
  Trace trace({.path = path, .max_steps = 2});
  for (int64_t i = 0; i < 5; ++i) trace.Add("decode", {{"number", i}}, Record(i * 10000));
  const std::vector<json> steps = Slices(Written(trace, path), 0);
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_EQ(steps[3]["args"]["number"], 1);
  EXPECT_EQ(trace.SummaryText(), "trace: the first 2 of 5 steps (--trace-steps) in " + path +
                                     "; open it in ui.perfetto.dev\n");
}

TEST(TraceTest, WithoutStepsItIsStillATrace) {
  const std::string path = testing::TempDir() + "/trace.json";
  const json written = Written(Trace({.path = path}), path);
  EXPECT_TRUE(written["traceEvents"].is_array());
  EXPECT_THAT(Trace({.path = "/no/such/t.json"}).Write(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such")));
}

}  // namespace
}  // namespace lathe
