#include "runtime/generate/program_runner.h"

#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"
#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::ToyManifest;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ProgramRunnerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ProgramRunner>> Load(const std::string& path, int threads = 3) {
    artifact_ = std::make_unique<Artifact>(Artifact::Open(path).value());
    device_ = CpuDevice::Create({.threads = threads}).value();
    LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                           Program::Load(*artifact_, "step", *device_));
    return ProgramRunner::Create(artifact_->manifest(), std::move(program));
  }

  std::unique_ptr<Artifact> artifact_;
  std::unique_ptr<CpuDevice> device_;
};

TEST_F(ProgramRunnerTest, TheGeneratorRunsACompiledProgram) {
  for (int threads : {1, 2, 5}) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto runner, Load(WriteToyModel({}), threads));
    int64_t num_steps = 0;
    int64_t num_rows = 0;
    runner->SetObserver([&](const StepInput& input, const StepRecord& record) {
      ++num_steps;
      num_rows += static_cast<int64_t>(input.tokens.size());
      EXPECT_EQ(record.times.num_workers(), threads);
      EXPECT_EQ(record.commands.back().name, "toy_sample");
    });
    EXPECT_EQ(runner->program().feature_level(), "x86-64-v3");
    LATHE_ASSERT_OK_AND_ASSIGN(
        Generator generator,
        Generator::Create(artifact_->manifest(), std::move(runner), {.step_rows = 64}));
    std::vector<std::vector<int32_t>> prompts = {
        {5}, std::vector<int32_t>(150, 7), {1, 2, 3}, std::vector<int32_t>(64, 258)};
    std::vector<int64_t> ids;
    for (const std::vector<int32_t>& prompt : prompts) {
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                                 generator.Submit({.prompt = prompt, .max_new_tokens = 80}));
      ids.push_back(id);
    }
    LATHE_ASSERT_OK(generator.RunAll());
    for (size_t i = 0; i < prompts.size(); ++i) {
      EXPECT_EQ(generator.Take(ids[i])->tokens, ToyTokens(prompts[i], 80)) << i;
    }
    // Each prompt, and each new token but the last.
    EXPECT_EQ(num_rows, 1 + 150 + 3 + 64 + 4 * 79);
    EXPECT_GE(num_steps, 80);
  }
}

TEST_F(ProgramRunnerTest, OutputsAreFoundByName) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto runner, Load(WriteToyModel({})));
  EXPECT_TRUE(runner->Output("logits").empty()) << "nothing ran yet";
  EXPECT_TRUE(runner->NextIds().empty());
  EXPECT_TRUE(runner->Output("nonsense").empty());
  EXPECT_TRUE(runner->Output("next_ids").empty()) << "they are no floats";
}

TEST_F(ProgramRunnerTest, WhatIsNoLanguageModelIsRefused) {
  artifact::Manifest manifest = ToyManifest({});
  manifest.mutable_programs(0)->mutable_inputs(3)->set_name("pixel_values");
  EXPECT_THAT(Load(WriteToyModel({}, manifest)),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("entry step: input pixel_values"),
                             HasSubstr("cannot be given by a step of text"))));
  manifest = ToyManifest({});
  manifest.mutable_programs(0)->mutable_outputs(0)->set_name("hidden");
  EXPECT_THAT(
      Load(WriteToyModel({}, manifest)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("entry step has no output logits")));
  manifest = ToyManifest({});
  manifest.mutable_programs(0)->mutable_outputs()->DeleteSubrange(1, 1);
  EXPECT_THAT(
      Load(WriteToyModel({}, manifest)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("entry step has no output next_ids")));
  manifest = ToyManifest({});
  manifest.mutable_programs(0)->mutable_outputs(1)->set_dtype(artifact::F32);
  EXPECT_THAT(Load(WriteToyModel({}, manifest)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("output next_ids is of dtype number 1, expected I32")));
}

}  // namespace
}  // namespace lathe
