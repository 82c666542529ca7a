#include "tools/lathe/bench/timed_dispatch.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/bench/tiny_problem.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;
using testing::TinyProblems;

TEST(TimedDispatchTest, RunsAtTheSizesThatAreAskedFor) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  LATHE_ASSERT_OK_AND_ASSIGN(auto one, TimedDispatch::Make(*head.module, {}));
  EXPECT_EQ(one->symbols().at("logit_rows"), 1);
  LATHE_ASSERT_OK_AND_ASSIGN(auto three,
                             TimedDispatch::Make(*head.module, {.symbols = {{"logit_rows", 3}}}));
  EXPECT_EQ(three->work().flops, 3 * one->work().flops);
  EXPECT_EQ(three->work().flops, 2 * 3 * 16 * 32);
  LATHE_EXPECT_OK(three->Run());
  LATHE_EXPECT_OK(three->Run());
}

TEST(TimedDispatchTest, ADispatchThatNoNumberOfCopiesTakesOutOfTheCachesIsWarm) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  LATHE_ASSERT_OK_AND_ASSIGN(auto timed, TimedDispatch::Make(*head.module, {.cold = true}));
  EXPECT_FALSE(timed->is_cold());
  EXPECT_GT(timed->copies(), 1);
}

TEST(TimedDispatchTest, UnknownSymbolsNameThoseThatThereAre) {
  TinyProblems problems;
  Problem attention = problems.Extract("attn:attention");
  EXPECT_THAT(TimedDispatch::Make(*attention.module, {.symbols = {{"patches", 3}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no symbol patches; it has cached_keys, sequences, tokens")));
}

TEST(TimedDispatchTest, ModulesThatAreNoProblemAreRefused) {
  std::unique_ptr<testing::Graph> model = testing::TinyModel();
  EXPECT_THAT(TimedDispatch::Make(model->module(), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a problem has one")));
}

}  // namespace
}  // namespace lathe
