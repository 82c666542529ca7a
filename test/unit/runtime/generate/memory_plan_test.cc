#include "runtime/generate/memory_plan.h"

#include <limits>

#include "runtime/artifact/artifact_reader.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"
#include "runtime/generate/program_runner.h"
#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::ToyManifest;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kPageBytes = 8192;  // of the toy: 2 layers, keys and values of 2 * 4 * 64 floats

// Three groups that differ in all that pools depend on.
artifact::Manifest ManifestWithWindows() {
  artifact::Manifest manifest = ToyManifest({});
  for (int64_t window : {100, 20}) {
    artifact::KvCacheGroup* group = manifest.add_kv_groups();
    *group = manifest.kv_groups(0);
    group->set_name(window == 100 ? "wide" : "narrow");
    group->set_window(window);
    group->set_page_bytes(group->page_bytes() * 3);
  }
  return manifest;
}

TEST(MemoryPlanTest, CountsWhatTheToyModelTakes) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      const MemoryPlan plan,
      PlanMemory(ToyManifest({}), {.threads = 2, .context = 200, .sequences = 3, .step_rows = 64}));
  ASSERT_EQ(plan.groups.size(), 1u);
  EXPECT_EQ(plan.groups[0].page_bytes, kPageBytes);
  EXPECT_EQ(plan.groups[0].token_bytes(), 128u);
  EXPECT_EQ(plan.groups[0].pages_per_sequence, 4);  // 200 tokens in pages of 64
  EXPECT_EQ(plan.groups[0].num_pages, 12);
  EXPECT_EQ(plan.sequence_bytes(), 4 * kPageBytes);
  EXPECT_EQ(plan.pool_bytes(), 12 * kPageBytes);
  // Two sequences may decode beside a block of prefill: 66 rows of 192 bytes, and 3 of 1216 with
  // logits and what was chosen.
  EXPECT_EQ(plan.most_step_rows, 66);
  EXPECT_EQ(plan.workspace_bytes, 66u * 192 + 3 * 1216);
  EXPECT_EQ(plan.total_bytes(), plan.fixed_bytes() + plan.pool_bytes());
  EXPECT_FALSE(plan.largest_batch.has_value()) << "nothing to compare with";
}

// What is allocated is what was planned: pools to the byte, the workspace to the page.
TEST(MemoryPlanTest, EqualsWhatIsAllocated) {
  LATHE_ASSERT_OK_AND_ASSIGN(const Artifact artifact, Artifact::Open(testing::WriteToyModel({})));
  LATHE_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<CpuDevice> device,
                             CpuDevice::Create({.threads = 2}));
  for (const std::optional<int64_t>& pool_tokens : {std::optional<int64_t>(), {300}}) {
    for (int64_t sequences : {1, 5}) {
      LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan plan,
                                 PlanMemory(artifact.manifest(), {.threads = 2,
                                                                  .context = 150,
                                                                  .sequences = sequences,
                                                                  .pool_tokens = pool_tokens,
                                                                  .step_rows = 64}));
      LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                                 Program::Load(artifact, "step", *device));
      const Program* loaded = program.get();
      LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<ProgramRunner> runner,
                                 ProgramRunner::Create(artifact.manifest(), std::move(program)));
      LATHE_ASSERT_OK_AND_ASSIGN(Generator generator,
                                 Generator::Create(artifact.manifest(), std::move(runner),
                                                   {.context = 150,
                                                    .max_sequences = sequences,
                                                    .pool_tokens = pool_tokens,
                                                    .step_rows = 64}));
      EXPECT_EQ(generator.caches()[0].pool().num_pages(), plan.groups[0].num_pages);
      EXPECT_EQ(static_cast<uint64_t>(generator.caches()[0].pool().page_bytes()),
                plan.groups[0].page_bytes);
      // All sequences decode beside one that reads its prompt.
      for (int64_t i = 0; i < sequences; ++i)
        LATHE_ASSERT_OK(generator.Submit({.prompt = std::vector<int32_t>(100, 1)}).status());
      LATHE_ASSERT_OK(generator.RunAll());
      EXPECT_LE(loaded->workspace_bytes(), (plan.workspace_bytes + 4095) / 4096 * 4096);
      LATHE_ASSERT_OK_AND_ASSIGN(const uint64_t needed,
                                 loaded->WorkspaceBytes({{"tokens", plan.most_step_rows},
                                                         {"sequences", sequences},
                                                         {"logit_rows", sequences},
                                                         {"sample_entries", 0},
                                                         {"kv.max_pages", 3},
                                                         {"attended_keys", 0},
                                                         {"cached_keys", 0}}));
      EXPECT_EQ(needed, plan.workspace_bytes);
    }
  }
}

TEST(MemoryPlanTest, WindowsKeepPoolsSmall) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      const MemoryPlan plan,
      PlanMemory(ManifestWithWindows(), {.context = 300, .sequences = 2, .step_rows = 64}));
  ASSERT_EQ(plan.groups.size(), 3u);
  EXPECT_EQ(plan.groups[0].num_pages, 10);
  EXPECT_EQ(plan.groups[1].pages_per_sequence, 5);  // 2 of the window, 2 of the step, 1 more
  EXPECT_EQ(plan.groups[2].pages_per_sequence, 4);
  EXPECT_EQ(plan.token_bytes(), 128u * 7);
  EXPECT_EQ(plan.sequence_bytes(), kPageBytes * (5 + 3 * 5 + 3 * 4));
}

// One more does not fit, and the largest does, for many budgets.
TEST(MemoryPlanTest, TheLargestFitsAndOneMoreDoesNot) {
  const artifact::Manifest manifest = ManifestWithWindows();
  MemoryOptions options = {.context = 200, .sequences = 3, .step_rows = 64};
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan base, PlanMemory(manifest, options));
  for (uint64_t extra = 0; extra < 5'000'000; extra += 33'333) {
    const uint64_t budget = base.process_bytes + extra;
    options.memory_bytes = budget;
    LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan plan, PlanMemory(manifest, options));
    auto total = [&](int64_t context, int64_t sequences) {
      MemoryOptions asked = options;
      asked.context = context;
      asked.sequences = sequences;
      return PlanMemory(manifest, asked)->total_bytes();
    };
    const int64_t batch = plan.largest_batch.value_or(0);
    if (batch > 0) EXPECT_LE(total(200, batch), budget);
    EXPECT_GT(total(200, batch + 1), budget);
    const int64_t context = plan.largest_context.value_or(0);
    if (context > 0) EXPECT_LE(total(context, 3), budget);
    if (context < testing::kToyContext) EXPECT_GT(total(context + 1, 3), budget);
  }
}

// Pools shrink before requests are refused, and never below one context.
TEST(MemoryPlanTest, FitTakesWhatThereIs) {
  const artifact::Manifest manifest = ManifestWithWindows();
  MemoryOptions options = {.context = 200, .sequences = 6, .step_rows = 64};
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan whole, PlanMemory(manifest, options));
  options.sequences = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan one, PlanMemory(manifest, options));
  options.sequences = 6;
  int64_t num_fitting = 0;
  for (uint64_t budget = one.total_bytes() - 9000; budget < whole.total_bytes() + 20'000;
       budget += 3'000) {
    options.memory_bytes = budget;
    const absl::StatusOr<MemoryPlan> plan = FitMemory(manifest, options);
    if (budget < one.total_bytes()) {
      EXPECT_THAT(plan, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("--memory is ")));
      continue;
    }
    LATHE_ASSERT_OK(plan.status());
    ++num_fitting;
    EXPECT_LE(plan->total_bytes(), budget);
    for (const GroupMemory& group : plan->groups)
      EXPECT_GE(group.num_pages, group.pages_per_sequence) << group.name;
    if (budget >= whole.total_bytes()) {
      EXPECT_EQ(plan->pool_bytes(), whole.pool_bytes());
    }
  }
  EXPECT_GT(num_fitting, 20);
}

TEST(MemoryPlanTest, WhatDoesNotFitIsToldWithWhatWould) {
  const artifact::Manifest manifest = ToyManifest({});
  MemoryOptions options = {.context = 300, .step_rows = 64};
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan one, PlanMemory(manifest, options));
  options.memory_bytes = one.total_bytes() - 1;
  const absl::Status status = FitMemory(manifest, options).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("one sequence of 300 tokens takes"),
                                     HasSubstr("give --memory="), HasSubstr("or --context=256"))));
  options.context = 256;
  LATHE_EXPECT_OK(FitMemory(manifest, options).status());
  options.memory_bytes = 1000;
  EXPECT_THAT(FitMemory(manifest, options),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("no context at all fits")));
}

TEST(MemoryPlanTest, OptionsAreChecked) {
  const artifact::Manifest manifest = ToyManifest({});
  EXPECT_THAT(PlanMemory(manifest, {.context = 301}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--context is 301")));
  EXPECT_THAT(PlanMemory(manifest, {.sequences = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sequences is 0")));
  EXPECT_THAT(PlanMemory(manifest, {.step_rows = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a step is 0")));
  EXPECT_THAT(PlanMemory(manifest, {.threads = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("threads is 0")));
  EXPECT_THAT(PlanMemory(manifest, {.target = "moon"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("target moon")));
}

// A manifest may claim pages of any size: sums end at the top.
TEST(MemoryPlanTest, HugePagesDoNotWrapAround) {
  artifact::Manifest manifest = ToyManifest({});
  manifest.mutable_kv_groups(0)->set_page_bytes(uint64_t{1} << 62);
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryPlan plan,
                             PlanMemory(manifest, {.sequences = 9, .memory_bytes = 1 << 30}));
  EXPECT_EQ(plan.total_bytes(), std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(plan.largest_batch.has_value());
  EXPECT_FALSE(plan.largest_context.has_value());
}

}  // namespace
}  // namespace lathe
