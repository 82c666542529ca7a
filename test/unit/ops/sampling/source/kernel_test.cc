// One text, the same bits: the source compiled without a library and with fused products at hand
// (sampling_kernel.cc) against the source as the tests compile it.
#include <dlfcn.h>

#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/sampling/source/logprob.h"
#include "ops/sampling/source/sample_row.h"
#include "test/support/data.h"

namespace lathe::sampling {
namespace {

class KernelTest : public ::testing::Test {
 protected:
  using ChooseFn = void(const Processing*, const Chance*, uint64_t, const float*, int32_t,
                        const Workspace*, Choice*);
  using LogprobsFn = int32_t(const float*, int32_t, int32_t, Logprob*);

  void SetUp() override {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
      GTEST_SKIP() << "the CPU is older than x86-64-v3";
    library_ = dlopen(testing::BinaryPath("sampling_kernel.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << dlerror();
    choose_ = reinterpret_cast<ChooseFn*>(dlsym(library_, "sampling_choose"));
    logprobs_ = reinterpret_cast<LogprobsFn*>(dlsym(library_, "sampling_logprobs"));
    ASSERT_TRUE(choose_ != nullptr && logprobs_ != nullptr);
  }
  void TearDown() override {
    if (library_ != nullptr) dlclose(library_);
  }

  std::vector<float> Row(size_t size) {
    std::normal_distribution<float> normal(0, 3);
    std::vector<float> logits(size);
    for (float& logit : logits) logit = normal(random_);
    return logits;
  }

  std::mt19937 random_{12};
  void* library_ = nullptr;
  ChooseFn* choose_ = nullptr;
  LogprobsFn* logprobs_ = nullptr;
};

TEST_F(KernelTest, ScoresAndChoicesAreTheSame) {
  const int32_t used[] = {0, 5, 17, 90};
  const float times[] = {3, 0, 1, 2};
  const Processing processing{.used = {used, times, 4},
                              .repetition_penalty = 1.1f,
                              .frequency_penalty = 0.3f,
                              .presence_penalty = 0.7f};
  for (uint64_t round = 0; round < 300; ++round) {
    const std::vector<float> logits = Row(91 + random_() % 3000);
    const Chance chance{.temperature = round % 7 == 0 ? 0 : 0.37f + static_cast<float>(round % 3),
                        .top_k = round % 2 == 0 ? 0 : static_cast<int32_t>(1 + random_() % 60),
                        .top_p = round % 3 == 0 ? 0.83f : 1,
                        .min_p = round % 5 == 0 ? 0.03f : 0,
                        .seed = round};
    const auto n = static_cast<int32_t>(logits.size());
    std::vector<float> scores[2] = {std::vector<float>(logits.size()),
                                    std::vector<float>(logits.size())};
    std::vector<Candidate> candidates[2] = {std::vector<Candidate>(logits.size()),
                                            std::vector<Candidate>(logits.size())};
    const Workspace work{scores[1].data(), candidates[1].data()};
    const Choice expected = SampleRow(processing, chance, round, logits.data(), n,
                                      {scores[0].data(), candidates[0].data()});
    Choice got;
    choose_(&processing, &chance, round, logits.data(), n, &work, &got);
    ASSERT_EQ(got.id, expected.id) << round;
    ASSERT_EQ(scores[1], scores[0]) << round;
    for (size_t i = 0; i < logits.size(); ++i)
      ASSERT_EQ(candidates[1][i].weight, candidates[0][i].weight) << round;
  }
}

TEST_F(KernelTest, LogprobsAreTheSame) {
  for (int round = 0; round < 100; ++round) {
    const std::vector<float> logits = Row(20 + random_() % 500);
    const auto n = static_cast<int32_t>(logits.size());
    std::vector<Logprob> expected(20);
    std::vector<Logprob> got(20);
    TopLogprobs(logits.data(), n, Normalize(logits.data(), n), 20, expected.data());
    EXPECT_EQ(logprobs_(logits.data(), n, 20, got.data()), 20);
    for (size_t i = 0; i < 20; ++i) {
      EXPECT_EQ(got[i].id, expected[i].id);
      EXPECT_EQ(got[i].value, expected[i].value);
    }
  }
}

}  // namespace
}  // namespace lathe::sampling
