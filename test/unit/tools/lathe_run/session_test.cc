#include "tools/lathe_run/session.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SessionTest, MakesAGeneratorWithRoomForWhatIsAsked) {
  RunOptions options{
      .artifact = testing::WriteToyModel(testing::ToyTextModel()), .verify = true, .threads = 2};
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Session> session, Session::Open(options));
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer, session->LoadTokenizer());
  EXPECT_EQ(tokenizer.size(), testing::kToyTokenizer);
  LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, session->MakeGenerator(200, {100, 30}));
  EXPECT_EQ(generator.context(), 200);
  EXPECT_EQ(generator.caches()[0].pool().num_pages(), 4);  // 130 tokens in two partly filled ends
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = {1}, .max_new_tokens = 99}));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(generator.Take(id)->tokens, testing::ToyTokens({1}, 99));
  EXPECT_THAT(session->MemoryText(generator), HasSubstr("caches 32.0 KiB (reserved)"));
  EXPECT_EQ(session->ProfileText(), "");
  std::string ledger = session->ledger().Text();
  for (const char* part :
       {"B  artifact mapped (toy)", "B  checksums read", "device (cpu", "B  tokenizer (259",
        "B  weights and code mapped (x86-64-v3)", "32.0 KiB  caches reserved", "until ready"}) {
    EXPECT_THAT(ledger, HasSubstr(part));
  }
}

// Steps that decode and steps that read prompts are told apart.
TEST(SessionTest, ProfilesPrefillAndDecode) {
  const std::string limits =
      testing::TempFile("limits.json", R"({"limits": [{"threads": 2, "read_bytes_per_second": 1e12,
                                      "fma_flops_per_second": 1e12}]})");
  RunOptions options{.artifact = testing::WriteToyModel({}), .threads = 2};
  options.profile = true;
  options.limits = limits;
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Session> session, Session::Open(options));
  LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, session->MakeGenerator(200, {100}));
  LATHE_ASSERT_OK(generator.Submit({.prompt = {1, 2, 3}, .max_new_tokens = 11}).status());
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_THAT(session->ProfileText(),
              AllOf(HasSubstr("profile of decode: 10 steps, "), HasSubstr("; 2 threads busy "),
                    HasSubstr("profile of prefill: 1 step, "), HasSubstr("toy_logits "),
                    HasSubstr("of limit  bound by")));
  options.threads = 3;
  EXPECT_THAT(Session::Open(options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no limits for 3 threads")));
}

TEST(SessionTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(Session::Open({.artifact = "/nowhere/m.lathe"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere/m.lathe")));
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Session> session,
                             Session::Open({.artifact = testing::WriteToyModel({})}));
  EXPECT_THAT(session->LoadTokenizer(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("use --ids")));
  EXPECT_THAT(session->MakeGenerator(301, {10}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--context is 301")));
}

}  // namespace
}  // namespace lathe
