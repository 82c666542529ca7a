#include "tools/lathe_run/options.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

absl::Status Check(std::vector<std::string> words) {
  RunOptions options;
  words.insert(words.begin(), "m.lathe");
  FlagTable flags = RunFlags(options);
  LATHE_RETURN_IF_ERROR(flags.Parse(words).status());
  return CheckRunOptions(options);
}

TEST(OptionsTest, EveryWayOfRunningIsAccepted) {
  LATHE_EXPECT_OK(Check({"--prompt", "hi"}));
  LATHE_EXPECT_OK(
      Check({"--prompt=hi", "--system=s", "--no-think", "--max-new-tokens=3", "--json", "-vv"}));
  LATHE_EXPECT_OK(
      Check({"--prompt=hi", "--temperature=0.7", "--seed=3", "--stop=x", "--ignore-eos"}));
  LATHE_EXPECT_OK(Check({"--prompt=hi", "--logprobs=3", "--json"}));
  LATHE_EXPECT_OK(Check({"--chat", "--logprobs=3", "--reasoning=json"}));
  LATHE_EXPECT_OK(Check({"--prompt=hi", "--raw", "--reasoning=json"}));
  LATHE_EXPECT_OK(
      Check({"--chat", "--system=s", "--think", "--max-new-tokens=3", "--reasoning=hide"}));
  LATHE_EXPECT_OK(Check({"--ids=f", "--dump-tensors=g", "--threads=2", "--cpu-level=x86-64-v3"}));
  LATHE_EXPECT_OK(Check({"--prompt=hi", "--n=3", "--tools=f"}));
  LATHE_EXPECT_OK(Check({"--requests=f"}));
  LATHE_EXPECT_OK(Check({"--requests=-", "--output=o", "--ordered", "--parallel=2", "--system=s",
                         "--temperature=1", "--logprobs=2", "--n=2", "--reasoning=hide"}));
  LATHE_EXPECT_OK(Check({"--check"}));
  LATHE_EXPECT_OK(Check({"--check", "--profile", "--limits=l", "--trace=t", "--trace-steps=3"}));
  LATHE_EXPECT_OK(Check({"--verify"}));
  LATHE_EXPECT_OK(Check({"--verify", "--check", "--context=10"}));
}

TEST(OptionsTest, ContradictionsAreNamed) {
  auto refused = [](std::vector<std::string> words, const char* message) {
    EXPECT_THAT(Check(std::move(words)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused({},
          "nothing to do: give --prompt=TEXT, --chat, --requests=FILE, --ids=FILE, --check or "
          "--verify");
  refused({"--prompt=a", "--ids=b"}, "--prompt and --ids exclude each other");
  refused({"--prompt=a", "--ids=b", "--check"},
          "--prompt and --ids and --check exclude each other");
  refused({"--check", "--dump-tensors=g"}, "--dump-tensors goes with --ids");
  refused({"--ids=f", "--raw"}, "go with --prompt");
  refused({"--check", "--max-new-tokens=4"}, "go with --prompt");
  refused({"--check", "--reasoning=hide"}, "go with --prompt, --chat or --requests");
  refused({"--chat", "--raw"}, "drop one of --raw and --chat");
  refused({"--prompt=a", "--chat"}, "--prompt and --chat exclude each other");
  refused({"--chat", "--reasoning=loud"}, "expected one of show, hide, json");
  refused({"--prompt=a", "--raw", "--system=s"}, "--raw leaves out the chat template");
  refused({"--ids=f", "--temperature=1"},
          "--prompt, --chat or --requests; --ids and --check are greedy");
  refused({"--check", "--stop=x"}, "--prompt, --chat or --requests; --ids and --check are greedy");
  refused({"--prompt=a", "--logprobs=3"}, "--logprobs goes with --json");
  refused({"--prompt=a", "--requests=b"}, "--prompt and --requests exclude each other");
  refused({"--prompt=a", "--ordered"}, "--output, --ordered and --parallel go with --requests");
  refused({"--chat", "--output=f"}, "--output, --ordered and --parallel go with --requests");
  refused({"--chat", "--parallel=2"}, "--output, --ordered and --parallel go with --requests");
  refused({"--chat", "--n=2"}, "--n goes with --prompt or --requests");
  refused({"--check", "--n=2"}, "go with --prompt, --chat or --requests");
  refused({"--prompt=a", "--raw", "--tools=f"}, "--raw leaves out the chat template");
  refused({"--prompt=a", "--logit-bias=3"}, "--logit-bias: got \"3\"");
  refused({"--prompt=a", "--stop="}, "--stop: an empty text");
  refused({"--prompt=a", "--temperature=-1"},
          "--temperature: got \"-1\", expected a number from 0 to 100");
  refused({"--check", "--limits=l"}, "--limits goes with --profile");
  refused({"--check", "--trace-steps=2"}, "--trace-steps goes with --trace");
  refused({"--prompt=a", "--raw", "--think"}, "--raw leaves out the chat template");
}

TEST(OptionsTest, ReasoningOnItsOwnIsJson) {
  EXPECT_FALSE(RunOptions().PrintsJson());
  EXPECT_TRUE(RunOptions{.json = true}.PrintsJson());
  EXPECT_TRUE(RunOptions{.reasoning = "json"}.PrintsJson());
  EXPECT_TRUE(RunOptions{.requests_file = "-"}.PrintsJson());
}

TEST(OptionsTest, HelpTeaches) {
  RunOptions options;
  std::string help = RunFlags(options).Help();
  for (const char* part :
       {"made", "prompt_ids", "max_new_tokens", "--dump-tensors=FILE", "x86-64-v3",
        "Choice of tokens:", "--temperature=X", "the model's own", "--logit-bias=ID:BIAS",
        "--seed=N", "Examples:", "ui.perfetto.dev", "lathe bench --limits", "default: 64",
        "--reasoning=show|hide|json", "default: show", "--chat", "Ctrl-C ends an answer"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
}

}  // namespace
}  // namespace lathe
