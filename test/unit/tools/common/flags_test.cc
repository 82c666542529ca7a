#include "tools/common/flags.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Values {
  std::string artifact;
  std::string second;
  bool raw = false;
  bool color = true;
  std::optional<bool> think;
  int64_t threads = 2;
  std::optional<int64_t> context;
  std::optional<int64_t> memory;
  std::optional<double> share;
  std::string out = "a.out";
  std::optional<std::string> prompt;
  std::vector<std::string> keys;
  std::string precision = "bf16";
  int verbosity = 0;
};

class FlagsTest : public ::testing::Test {
 protected:
  absl::StatusOr<ParseResult> Parse(std::vector<std::string> words) {
    values_ = Values();
    return Table().Parse(words);
  }

  FlagTable Table() {
    FlagTable table("tool run", "ARTIFACT [OTHER] [flags]", "Does a thing.");
    table.Positional("ARTIFACT", &values_.artifact, "the file to run");
    table.OptionalPositional("OTHER", &values_.second, "a second file");
    table.Group("Generation");
    table.Bool("raw", &values_.raw, "no template");
    table.Bool("color", &values_.color, "colours");
    table.OptionalBool("think", &values_.think, "thinking");
    table.Int("threads", &values_.threads, {.unit = "threads", .min = 1, .max = 8}, "workers");
    table.OptionalInt("context", &values_.context, {.unit = "tokens", .min = 1, .absent = "all"},
                      "room");
    table.OptionalBytes("memory", &values_.memory, "all of it", "how much");
    table.OptionalFloat("share", &values_.share, {.min = -0.5, .max = 1, .absent = "none"}, "part");
    table.Group("Files");
    table.String("out", &values_.out, {.form = "FILE", .letter = 'o'}, "result");
    table.OptionalString("prompt", &values_.prompt, {}, "what to say");
    table.StringList("key", &values_.keys, {.form = "KEY"}, "ignored key");
    table.Choice("precision", &values_.precision, {"f32", "bf16"}, "arithmetic");
    table.Verbosity(&values_.verbosity, {"times", "steps"});
    table.Example("tool run a.lathe --raw", "runs without a template");
    return table;
  }

  Values values_;
};

TEST_F(FlagsTest, SizesHaveUnits) {
  LATHE_ASSERT_OK(Parse({"m.lathe", "--memory=2K"}));
  EXPECT_EQ(values_.memory, 2048);
  LATHE_ASSERT_OK(Parse({"m.lathe"}));
  EXPECT_EQ(values_.memory, std::nullopt);
  EXPECT_THAT(Parse({"m.lathe", "--memory=2X"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--memory: got \"2X\", expected a size such as 8G")));
  EXPECT_THAT(Parse({"m.lathe", "--memory=0"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at least one byte")));
  EXPECT_THAT(Table().Help(), HasSubstr("--memory=SIZE"));
}

TEST_F(FlagsTest, ReadsEveryKindInBothSpellings) {
  LATHE_ASSERT_OK(Parse({"m.lathe", "--raw", "--threads", "3", "--context=7", "-o", "x",
                         "--prompt=--hi", "--key=a", "--key", "b", "--precision=f32", "-vv",
                         "--no-color", "--no-think", "n.lathe"}));
  EXPECT_EQ(values_.artifact, "m.lathe");
  EXPECT_EQ(values_.second, "n.lathe");
  EXPECT_TRUE(values_.raw);
  EXPECT_FALSE(values_.color);
  EXPECT_EQ(values_.think, false);
  EXPECT_EQ(values_.threads, 3);
  EXPECT_EQ(values_.context, 7);
  EXPECT_EQ(values_.out, "x");
  EXPECT_EQ(values_.prompt, "--hi");
  EXPECT_THAT(values_.keys, ElementsAre("a", "b"));
  EXPECT_EQ(values_.precision, "f32");
  EXPECT_EQ(values_.verbosity, 2);
}

TEST_F(FlagsTest, DefaultsStayAndAbsentIsSeen) {
  LATHE_ASSERT_OK(Parse({"m"}));
  EXPECT_EQ(values_.threads, 2);
  EXPECT_EQ(values_.context, std::nullopt);
  EXPECT_EQ(values_.think, std::nullopt);
  EXPECT_EQ(values_.prompt, std::nullopt);
}

TEST_F(FlagsTest, BoolsTakeTrueAndFalse) {
  LATHE_ASSERT_OK(Parse({"m", "--raw=true", "--think=true", "--color=false"}));
  EXPECT_TRUE(values_.raw);
  EXPECT_EQ(values_.think, true);
  EXPECT_FALSE(values_.color);
  EXPECT_THAT(Parse({"m", "--raw=yes"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--raw: got \"yes\", expected true or false")));
}

TEST_F(FlagsTest, LettersTakeTheirValueAttachedToo) {
  LATHE_ASSERT_OK(Parse({"-vofile", "m"}));
  EXPECT_EQ(values_.out, "file");
  EXPECT_EQ(values_.verbosity, 1);
}

TEST_F(FlagsTest, VerbosityStopsAtItsLastStep) {
  LATHE_ASSERT_OK(Parse({"m", "-vvv", "--verbose"}));
  EXPECT_EQ(values_.verbosity, 2);
}

TEST_F(FlagsTest, AfterTwoDashesAllAreWords) {
  LATHE_ASSERT_OK(Parse({"--", "--raw", "-o"}));
  EXPECT_EQ(values_.artifact, "--raw");
  EXPECT_EQ(values_.second, "-o");
}

TEST_F(FlagsTest, HelpWinsOverMissingWords) {
  LATHE_ASSERT_OK_AND_ASSIGN(ParseResult result, Parse({"--help"}));
  EXPECT_EQ(result, ParseResult::kHelp);
}

TEST_F(FlagsTest, UnknownFlagsNameTheNearest) {
  EXPECT_THAT(Parse({"m", "--thread=3"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("unknown flag --thread, did you mean --threads?"),
                             HasSubstr("`tool run --help`"))));
  EXPECT_THAT(Parse({"m", "--no-colour"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--no-color?")));
  EXPECT_THAT(Parse({"m", "--no-threads"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown flag")));
  EXPECT_THAT(Parse({"m", "-x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown flag \"-x\"")));
}

TEST_F(FlagsTest, ValuesAreChecked) {
  EXPECT_THAT(
      Parse({"m", "--threads=9"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("--threads: got \"9\", expected a whole number from 1 to 8 (threads)")));
  EXPECT_THAT(Parse({"m", "--threads=3x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("got \"3x\"")));
  EXPECT_THAT(Parse({"m", "--context=0"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at least 1 (tokens)")));
  EXPECT_THAT(Parse({"m", "--precision=f64"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected one of f32, bf16")));
  EXPECT_THAT(Parse({"m", "--verbose=2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("takes no value")));
  EXPECT_THAT(Parse({"m", "--no-raw=1"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("takes no value")));
}

TEST_F(FlagsTest, NumbersHaveARange) {
  LATHE_ASSERT_OK(Parse({"m"}));
  EXPECT_EQ(values_.share, std::nullopt);
  LATHE_ASSERT_OK(Parse({"m", "--share=1e-2"}));
  EXPECT_EQ(values_.share, 0.01);
  LATHE_ASSERT_OK(Parse({"m", "--share", "-0.5"}));
  EXPECT_EQ(values_.share, -0.5);
  for (const char* bad : {"1.01", "-0.6", "nan", "inf", "", "half", "0.5x"}) {
    EXPECT_THAT(Parse({"m", std::string("--share=") + bad}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(std::string("--share: got \"") + bad +
                                   "\", expected a number from -0.5 to 1")));
  }
}

TEST_F(FlagsTest, MissingAndRepeatedAreErrors) {
  EXPECT_THAT(Parse({"m", "--prompt"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--prompt needs a value: --prompt=TEXT")));
  EXPECT_THAT(Parse({"m", "--prompt", "--raw"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a value")));
  EXPECT_THAT(Parse({"m", "-o"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-o needs a value")));
  EXPECT_THAT(Parse({"m", "--threads=1", "--threads=2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--threads is given twice")));
  EXPECT_THAT(Parse({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("ARTIFACT is missing: the file to run")));
  EXPECT_THAT(Parse({"a", "b", "c"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unexpected word \"c\"")));
}

TEST_F(FlagsTest, HelpShowsGroupsDefaultsUnitsAndExamples) {
  std::string help = Table().Help();
  EXPECT_THAT(help, HasSubstr("usage: tool run ARTIFACT [OTHER] [flags]\n\nDoes a thing.\n"));
  EXPECT_THAT(help, HasSubstr("\nGeneration:\n  --[no-]raw                  no template\n"));
  EXPECT_THAT(help, HasSubstr("  --threads=N                 workers (threads; default: 2)\n"));
  EXPECT_THAT(help, HasSubstr("  --context=N                 room (tokens; default: all)\n"));
  EXPECT_THAT(help, HasSubstr("  --share=X                   part (-0.5 to 1; default: none)\n"));
  EXPECT_THAT(help, HasSubstr("\nFiles:\n  -o, --out=FILE              result (default: a.out)\n"));
  EXPECT_THAT(help, HasSubstr("--precision=f32|bf16"));
  EXPECT_THAT(help, HasSubstr("-v times; -vv steps"));
  EXPECT_THAT(help,
              HasSubstr("\nExamples:\n  tool run a.lathe --raw\n      runs without a template\n"));
}

TEST_F(FlagsTest, HelpWrapsLongText) {
  FlagTable table("t", "", std::string(60, 'a') + " " + std::string(60, 'b'));
  EXPECT_THAT(table.Help(), HasSubstr(std::string(60, 'a') + "\n" + std::string(60, 'b') + "\n"));
}

}  // namespace
}  // namespace lathe
