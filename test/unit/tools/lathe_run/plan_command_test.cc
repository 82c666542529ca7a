#include "tools/lathe_run/plan_command.h"

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::testing::HasSubstr;

ProcessResult RunPlan(std::vector<std::string> words) {
  words.insert(words.begin(), {testing::BinaryPath("lathe-run"), "plan"});
  return testing::RunProcess(words);
}

nlohmann::json JsonOf(const ProcessResult& run) {
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return nlohmann::json::parse(run.out, nullptr, false);
}

TEST(PlanCommandTest, PrintsTheTableOrJson) {
  const std::string model = testing::WriteToyModel(testing::ToyTextModel());
  ProcessResult run = RunPlan({model, "--memory=64M", "--context=128", "--sequences=3"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("memory for 3 sequences of 128 tokens"));
  EXPECT_THAT(run.out, HasSubstr("64.0 MiB   --memory"));
  const nlohmann::json json =
      JsonOf(RunPlan({model, "--memory=64M", "--context=128", "--sequences=3", "--json"}));
  EXPECT_EQ(json["memory_bytes"], 64 << 20);
  EXPECT_EQ(json["cache_bytes"], 3 * 2 * 8192);
  EXPECT_EQ(json["fits"], true);
}

TEST(PlanCommandTest, WithoutFlagsItAsksTheMachine) {
  const nlohmann::json json = JsonOf(RunPlan({testing::WriteToyModel({}), "--json"}));
  EXPECT_EQ(json["context"], testing::kToyContext);
  EXPECT_EQ(json["sequences"], 1);
  EXPECT_GT(json["memory_bytes"], 0);
  EXPECT_THAT(json["memory_source"].get<std::string>(), HasSubstr("less a tenth"));
}

TEST(PlanCommandTest, WhatIsWrongIsNamed) {
  const std::string model = testing::WriteToyModel({});
  ProcessResult run = RunPlan({});
  EXPECT_EQ(run.exit_code, 2);
  run = RunPlan({model, "--memory=lots"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("--memory: got \"lots\", expected a size such as 8G"));
  run = RunPlan({model, "--memory=0"});
  EXPECT_EQ(run.exit_code, 2);
  run = RunPlan({model, "--context=301"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--context is 301, expected 1 to 300"));
  EXPECT_EQ(RunPlan({"/nowhere/m.lathe"}).exit_code, 1);
}

// A run within what the plan names as its total is served, one byte less is refused with the
// context that would do.
TEST(PlanCommandTest, RunsKeepToIt) {
  const std::string model = testing::WriteToyModel(testing::ToyTextModel());
  const int64_t total = JsonOf(RunPlan({model, "--json", "--threads=2"}))["total_bytes"];
  auto run = [&](int64_t memory) {
    return RunLathe({model, "--prompt=abc", "--raw", "--ignore-eos", "--threads=2",
                     absl::StrCat("--memory=", memory)});
  };
  const ProcessResult enough = run(total);
  EXPECT_EQ(enough.exit_code, 0) << enough.err;
  const ProcessResult little = run(total - 1);
  EXPECT_EQ(little.exit_code, 1);
  EXPECT_EQ(little.out, "");
  EXPECT_THAT(little.err, HasSubstr("one sequence of 300 tokens takes"));
  EXPECT_THAT(little.err, HasSubstr(" or --context="));
}

}  // namespace
}  // namespace lathe
