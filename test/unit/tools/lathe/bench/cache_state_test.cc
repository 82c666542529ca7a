#include "tools/lathe/bench/cache_state.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/bench/tiny_problem.h"
#include "tools/lathe/bench/problem_program.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe {
namespace {

using testing::StatusIs;
using testing::TinyProblems;

class CacheStateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_ASSERT_OK_AND_ASSIGN(weights_, RandomWeights::Make(*problem_.module, 1));
    LATHE_ASSERT_OK_AND_ASSIGN(program_, ProblemProgram::Build(*problem_.module, *weights_, {}));
  }

  TinyProblems problems_;
  Problem problem_ = problems_.Extract("attn:attention");
  std::unique_ptr<RandomWeights> weights_;
  std::unique_ptr<ProblemProgram> program_;
};

TEST_F(CacheStateTest, BothWorldsHoldTheSameRows) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      StepOperands step,
      StepOperands::Make(*problem_.module, {{"tokens", 2}, {"sequences", 2}, {"cached_keys", 200}},
                         1));
  LATHE_ASSERT_OK_AND_ASSIGN(CacheState caches, CacheState::Make(program_->manifest(), step, 1));
  KvState state;
  LATHE_ASSERT_OK(caches.CopyTo({"kv", 1}, state));
  EXPECT_EQ(state.num_rows(), 200);
  LATHE_ASSERT_OK_AND_ASSIGN(CacheState::Difference same, caches.Compare({"kv", 1}, state));
  EXPECT_EQ(same.error, 0);
  EXPECT_GT(same.largest, 0.9);
  // Sequences of 100 tokens take two pages of 64 each.
  ASSERT_EQ(caches.SymbolBindings().size(), 1u);
  EXPECT_EQ(caches.SymbolBindings()[0].name, "kv.max_pages");
  EXPECT_EQ(caches.SymbolBindings()[0].value, 2);
  EXPECT_NE(caches.Bindings()[0].pool, nullptr);
}

TEST_F(CacheStateTest, OneOtherNumberIsFound) {
  LATHE_ASSERT_OK_AND_ASSIGN(StepOperands step,
                             StepOperands::Make(*problem_.module, {{"cached_keys", 70}}, 1));
  LATHE_ASSERT_OK_AND_ASSIGN(CacheState caches, CacheState::Make(program_->manifest(), step, 1));
  KvState state;
  LATHE_ASSERT_OK(caches.CopyTo({"kv", 0}, state));
  KvState::Row row = *state.Find({"kv", 0}, 0, 69);
  row.value.back() += 0.5f;
  state.Write({"kv", 0}, 0, 69, row);
  LATHE_ASSERT_OK_AND_ASSIGN(CacheState::Difference other, caches.Compare({"kv", 0}, state));
  EXPECT_FLOAT_EQ(static_cast<float>(other.error), 0.5f);
  EXPECT_THAT(caches.CopyTo({"other", 0}, state),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("no cache group other")));
}

TEST_F(CacheStateTest, MoreThanMemoryHoldsIsRefused) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      StepOperands step,
      StepOperands::Make(*problem_.module,
                         {{"tokens", 1000}, {"sequences", 1000}, {"cached_keys", 64000}}, 1));
  LATHE_EXPECT_OK(CacheState::Make(program_->manifest(), step, 1).status());
  artifact::Manifest large = program_->manifest();
  artifact::KvCacheGroup& group = *large.mutable_kv_groups(0);
  group.set_page_bytes(uint64_t{1} << 28);
  EXPECT_THAT(CacheState::Make(large, step, 1).status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       ::testing::HasSubstr("give fewer --symbol cached_keys")));
}

}  // namespace
}  // namespace lathe
