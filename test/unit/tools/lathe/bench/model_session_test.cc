#include "tools/lathe/bench/model_session.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using testing::CompiledModel;
using testing::StatusIs;

TEST(ModelSessionTest, StepsSayWhatTheyDid) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto session, ModelSession::Open(CompiledModel(), {.threads = 1}));
  // The model is in bf16, and products are dots where the level has them.
  const bool has_dots = session->program().feature_level() == "x86-64-v4-bf16";
  std::vector<ArithmeticUnit> units = {ArithmeticUnit::kFmaF32};
  if (has_dots) units.push_back(ArithmeticUnit::kDotBF16);
  EXPECT_EQ(session->units(), units);
  LATHE_ASSERT_OK(session->Start({.sequences = 2, .prompt = 5, .new_tokens = 3}));
  LATHE_ASSERT_OK_AND_ASSIGN(TimedStep prefill, session->Step());
  EXPECT_EQ(prefill.rows, 10);
  EXPECT_GT(prefill.work.flops, 0);
  EXPECT_GT(prefill.elapsed.wall_s, 0);
  EXPECT_GT(session->cache_bytes(), 0u);
  LATHE_ASSERT_OK_AND_ASSIGN(TimedStep decode, session->Step());
  EXPECT_EQ(decode.rows, 2);
  const uint64_t held = session->cache_bytes();
  EXPECT_LT(decode.work.flops, prefill.work.flops);
  LATHE_ASSERT_OK(session->Step().status());
  // The requests are done and their pages free, but resident.
  EXPECT_EQ(session->cache_bytes(), held);
  EXPECT_THAT(session->Step(),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("no request is left")));
  LATHE_ASSERT_OK(session->Start({.sequences = 1, .prompt = 7}));
  LATHE_ASSERT_OK_AND_ASSIGN(TimedStep again, session->Step());
  EXPECT_EQ(again.rows, 7);
}

TEST(ModelSessionTest, LengthsBeyondTheContextAreRefused) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto session, ModelSession::Open(CompiledModel(), {.threads = 1}));
  EXPECT_THAT(session->Start({.sequences = 1, .prompt = 100000}),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("context")));
  EXPECT_THAT(ModelSession::Open("/no/such/file.lathe", {}),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("file.lathe")));
}

TEST(ModelSessionTest, AProcessHasAnonymousMemory) { EXPECT_GT(ResidentAnonymousBytes(), 0u); }

}  // namespace
}  // namespace lathe
