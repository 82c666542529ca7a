// A compiled model under random load with far too few pages: shared beginnings, forks, preemption
// and cancelling do not change a bit of what a request gets.
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"
#include "runtime/generate/program_runner.h"
#include "test/support/golden/compare.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/golden/golden_data.h"
#include "test/support/status_matchers.h"

namespace lathe::testing {
namespace {

constexpr uint64_t kSeed = 20;
constexpr int64_t kNumRequests = 150;  // of each model
constexpr int64_t kMostPrompt = 230;
constexpr int64_t kMostNew = 26;

class LoadTest : public ::testing::TestWithParam<std::string> {
 protected:
  absl::StatusOr<Generator> Make(const Artifact& artifact, CpuDevice& device,
                                 const GeneratorOptions& options) {
    LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                           Program::Load(artifact, "step", device));
    LATHE_ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner,
                           ProgramRunner::Create(artifact.manifest(), std::move(program)));
    return Generator::Create(artifact.manifest(), std::move(runner), options);
  }

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  Request RandomRequest() {
    std::mt19937 shared(static_cast<uint32_t>(Below(3)));
    Request request{.prompt = {},
                    .max_new_tokens = 1 + Below(kMostNew),
                    .allow_padding_ids = true,
                    .keep_token_logits = true};
    for (int64_t n = Below(kMostPrompt - 30); n > 0; --n)
      request.prompt.push_back(static_cast<int32_t>(shared() % 100));
    for (int64_t n = 1 + Below(30); n > 0; --n)
      request.prompt.push_back(static_cast<int32_t>(Below(100)));
    if (!requests_.empty() && Below(3) == 0) {
      request.fork_of = ids_.back();
      request.prompt = requests_.back().prompt;
    }
    if (Below(2) == 0)
      request.sampling = {.temperature = 1, .seed = static_cast<uint64_t>(Below(1000))};
    return request;
  }

  std::mt19937_64 random_{kSeed};
  std::vector<Request> requests_;
  std::vector<int64_t> ids_;
};

TEST_P(LoadTest, EachRequestIsAsAlone) {
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::string folder;
  for (const GoldenModel& model : OwnGoldenModels())
    if (model.name == GetParam()) folder = *model.folder;
  LATHE_ASSERT_OK_AND_ASSIGN(const std::string path, CompiledModel(folder, "bf16"));
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<CpuDevice> device, CpuDevice::Create({.threads = 2}));
  LATHE_ASSERT_OK_AND_ASSIGN(
      Generator alone, Make(artifact, *device, {.max_sequences = 1, .reuse_prefixes = false}));
  for (Preemption how : {Preemption::kRecompute, Preemption::kCopyOut}) {
    requests_.clear();
    ids_.clear();
    LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, Make(artifact, *device,
                                                         {.max_sequences = 6,
                                                          .pool_tokens = kMostPrompt + kMostNew,
                                                          .step_rows = 128,
                                                          .preemption = how}));
    while (true) {
      for (int64_t n = Below(3); n > 0 && std::ssize(ids_) < kNumRequests / 2; --n) {
        Request request = RandomRequest();
        requests_.push_back(request);
        LATHE_ASSERT_OK_AND_ASSIGN(const int64_t id, generator.Submit(std::move(request)));
        ids_.push_back(id);
      }
      if (!ids_.empty() && Below(30) == 0) generator.Cancel(ids_.back() - Below(4));
      LATHE_ASSERT_OK_AND_ASSIGN(const bool has_worked, generator.Step());
      if (!has_worked && std::ssize(ids_) == kNumRequests / 2) break;
    }
    const GeneratorStats stats = generator.stats();
    EXPECT_EQ(stats.pages_in_use, 0);
    EXPECT_GT(stats.num_reused, 1000);
    EXPECT_GT(stats.num_preemptions, 0);
    for (size_t i = 0; i < ids_.size(); ++i) {
      const Result result = *generator.Take(ids_[i]);
      LATHE_ASSERT_OK(result.status);
      requests_[i].fork_of.reset();
      LATHE_ASSERT_OK_AND_ASSIGN(const int64_t id, alone.Submit(requests_[i]));
      LATHE_ASSERT_OK(alone.RunAll());
      Result expected = *alone.Take(id);
      if (result.reason == FinishReason::kCancelled) {
        expected.tokens.resize(std::min(expected.tokens.size(), result.tokens.size()));
        expected.token_logits.resize(
            std::min(expected.token_logits.size(), result.token_logits.size()));
      }
      ASSERT_EQ(result.tokens, expected.tokens) << "request " << i;
      ExpectSameBits(result.token_logits, expected.token_logits, absl::StrCat("request ", i));
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Qwen3, LoadTest, ::testing::Values("qwen3_tied"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lathe::testing
