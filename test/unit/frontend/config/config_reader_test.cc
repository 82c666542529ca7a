#include "frontend/config/config_reader.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

ConfigReader ReaderOf(absl::string_view text, const std::vector<std::string>& ignored = {}) {
  absl::StatusOr<ConfigReader> reader = ConfigReader::Parse(text, "config.json", ignored);
  EXPECT_THAT(reader, IsOk());
  return *std::move(reader);
}

TEST(ConfigReaderTest, ReadsEveryKindOfValue) {
  ConfigReader reader =
      ReaderOf(R"({"i": 7, "f": 1e-6, "b": true, "s": "x", "il": [1, 2], "fl": [0.5, 1],
                                     "sl": ["p", "q"], "o": {"k": -1}})");
  EXPECT_EQ(reader.Int("i"), 7);
  EXPECT_EQ(reader.Float("f"), 1e-6);
  EXPECT_TRUE(reader.Bool("b"));
  EXPECT_EQ(reader.String("s"), "x");
  EXPECT_THAT(reader.IntList("il"), ElementsAre(1, 2));
  EXPECT_THAT(reader.FloatList("fl"), ElementsAre(0.5, 1.0));
  EXPECT_THAT(reader.StringList("sl"), ElementsAre("p", "q"));
  EXPECT_EQ(reader.Object("o").Int("k"), -1);
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, IntegersInEverySpelling) {
  ConfigReader reader =
      ReaderOf(R"({"a": 1000000, "b": 1000000.0, "c": 5e6, "d": 1.5, "e": 1e300})");
  EXPECT_EQ(reader.Int("a"), 1000000);
  EXPECT_EQ(reader.Int("b"), 1000000);
  EXPECT_EQ(reader.Int("c"), 5000000);
  EXPECT_TRUE(reader.ok());
  reader.Int("d");
  reader.Int("e");
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, AllOf(HasSubstr("d: found the number 1.5, expected an integer"),
                                       HasSubstr("e: found the number 1e300"))));
}

TEST(ConfigReaderTest, AbsentAndNullAreTheSame) {
  ConfigReader reader = ReaderOf(R"({"n": null})");
  EXPECT_EQ(reader.IntOr("n", 5), 5);
  EXPECT_EQ(reader.FloatOr("m", 0.5), 0.5);
  EXPECT_FALSE(reader.BoolOr("n", false));
  EXPECT_EQ(reader.StringOr("n", "x"), "x");
  EXPECT_EQ(reader.OptionalIntList("n"), std::nullopt);
  EXPECT_EQ(reader.OptionalFloatList("n"), std::nullopt);
  EXPECT_EQ(reader.OptionalStringList("n"), std::nullopt);
  EXPECT_FALSE(reader.OptionalObject("n").has_value());
  EXPECT_FALSE(reader.Has("n"));
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, MissingKeysAreReportedTogether) {
  ConfigReader reader = ReaderOf(R"({"n": null, "o": {}})");
  EXPECT_EQ(reader.Int("hidden_size", kExtent), 1);  // safe to divide by
  EXPECT_EQ(reader.Float("eps"), 0);
  reader.Bool("flag");
  reader.String("n");
  reader.Object("o").StringList("names");
  EXPECT_THAT(
      reader.Finish(),
      StatusIs(kInvalid, Eq("config.json: 5 problems:\n"
                            "  hidden_size: is missing; expected an integer from 1 to 1073741824\n"
                            "  eps: is missing; expected a number\n"
                            "  flag: is missing; expected true or false\n"
                            "  n: is null; expected a string\n"
                            "  o.names: is missing; expected a list of strings")));
}

TEST(ConfigReaderTest, WrongTypesNamePathFoundAndExpected) {
  ConfigReader reader = ReaderOf(R"({"text_config": {"rope_scaling": {"factor": "4"}}})");
  EXPECT_EQ(reader.Object("text_config").Object("rope_scaling").FloatOr("factor", 1.0), 1.0);
  EXPECT_THAT(
      reader.Finish(),
      StatusIs(kInvalid, Eq("config.json: text_config.rope_scaling.factor: found the string "
                            "\"4\", expected a number")));
}

TEST(ConfigReaderTest, EachGetterRefusesTheWrongType) {
  ConfigReader reader = ReaderOf(R"({"x": {}, "l": [1, "a"]})");
  reader.Int("x");
  reader.Float("x");
  reader.Bool("x");
  reader.String("x");
  reader.IntList("x");
  reader.IntList("l");
  reader.FloatList("l");
  reader.StringList("l");
  reader.Object("l");
  reader.OptionalIntOrIntList("x");
  absl::Status status = reader.Finish();
  EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("10 problems")));
  EXPECT_THAT(status,
              StatusIs(kInvalid, HasSubstr("l[1]: found the string \"a\", expected a number")));
  EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("l[0]: found the number 1, expected a string")));
  EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("l: found a list of 2, expected an object")));
}

TEST(ConfigReaderTest, RangesAreChecked) {
  ConfigReader reader = ReaderOf(R"({"a": 0, "b": -1, "c": 0, "d": 1.5})");
  reader.Int("a", kExtent);
  reader.Int("b", {.min = 0});
  reader.Float("c", kPositive);
  reader.Float("d", {0, 1});
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid,
                       AllOf(HasSubstr("a: found the number 0, expected an integer from 1 to"),
                             HasSubstr("b: found the number -1, expected an integer of at least 0"),
                             HasSubstr("c: found the number 0, expected a number above 0"),
                             HasSubstr("d: found the number 1.5, expected a number from 0 to 1"))));
}

TEST(ConfigReaderTest, NumberOrList) {
  ConfigReader reader = ReaderOf(R"({"one": 3, "many": [3, 4]})");
  EXPECT_THAT(*reader.OptionalIntOrIntList("one"), ElementsAre(3));
  EXPECT_THAT(*reader.OptionalIntOrIntList("many"), ElementsAre(3, 4));
  EXPECT_EQ(reader.OptionalIntOrIntList("none"), std::nullopt);
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, UnreadKeysAreErrorsWithTheNearestKnownKeyAndTheFlag) {
  ConfigReader reader =
      ReaderOf(R"({"rms_norm_eps": 1, "inner": {"rope_tehta": 2, "rope_theta": 3}, "zzz": {}})");
  reader.Float("rms_norm_eps");
  ConfigReader inner = reader.Object("inner");
  inner.Float("rope_theta");
  EXPECT_THAT(
      reader.Finish(),
      StatusIs(
          kInvalid,
          Eq("config.json: 2 problems:\n"
             "  inner.rope_tehta: this key is not known and may change the result; did you mean "
             "rope_theta? "
             "(found the number 2; to go on without it: --ignore-config-key=inner.rope_tehta)\n"
             "  zzz: this key is not known and may change the result "
             "(found an object with 0 keys; to go on without it: --ignore-config-key=zzz)")));
}

TEST(ConfigReaderTest, ManyUnreadKeysAreCut) {
  std::string text = "{\"k\": 0";
  for (int i = 0; i < 1000; ++i) text += ", \"unknown" + std::to_string(i) + "\": 0";
  ConfigReader reader = ReaderOf(text + "}");
  reader.Int("k");
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, AllOf(HasSubstr("and more keys"), Not(HasSubstr("unknown21")))));
}

TEST(ConfigReaderTest, IgnoredKeysPassWhateverTheyHold) {
  ConfigReader reader = ReaderOf(R"({"use_cache": true, "inner": {"a": {"b": [1]}}})");
  reader.Ignore({"use_cache", "not_there"});
  reader.Object("inner").Ignore({"a"});
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, ObjectsMayBeIgnoredAsAWhole) {
  ConfigReader reader =
      ReaderOf(R"({"quantization_config": {"quant_method": "x", "bits": 4, "inner": {"a": 1}}})");
  ConfigReader quantization = reader.Object("quantization_config");
  EXPECT_EQ(quantization.String("quant_method"), "x");
  quantization.IgnoreAll();
  reader.Object("none").IgnoreAll();
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, Eq("config.json: none: is missing; expected an object")));
}

TEST(ConfigReaderTest, KeysIgnoredByTheUserAreAbsent) {
  ConfigReader reader =
      ReaderOf(R"({"a": 1, "inner": {"b": 2, "c": 3}})", {"a", "inner.b", "none.x", ""});
  EXPECT_EQ(reader.IntOr("a", 9), 9);
  ConfigReader inner = reader.Object("inner");
  EXPECT_FALSE(inner.Has("b"));
  EXPECT_EQ(inner.Int("c"), 3);
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, StringsOutsideTheSupportedSetAreUnimplemented) {
  ConfigReader reader = ReaderOf(R"({"hidden_act": "gelu"})");
  EXPECT_EQ(reader.StringOneOf("hidden_act", {"silu"}, "silu"), "silu");
  EXPECT_EQ(reader.StringOneOf("other", {"silu"}, "silu"), "silu");
  EXPECT_THAT(reader.Finish(),
              StatusIs(absl::StatusCode::kUnimplemented,
                       Eq("config.json: hidden_act: \"gelu\" is not supported; supported: silu")));
}

TEST(ConfigReaderTest, CallersAddProblemsAndWarnings) {
  ConfigReader reader = ReaderOf(R"({"inner": {}})");
  ConfigReader inner = reader.Object("inner");
  inner.Warn("factor", "is odd");
  EXPECT_THAT(reader.warnings(), ElementsAre("config.json: inner.factor: is odd"));
  EXPECT_TRUE(reader.ok());
  inner.Fail("heads", "3 does not divide 16");
  EXPECT_FALSE(reader.ok());
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, Eq("config.json: inner.heads: 3 does not divide 16")));
}

TEST(ConfigReaderTest, AMissingObjectIsReportedOnce) {
  ConfigReader reader = ReaderOf("{}");
  ConfigReader inner = reader.Object("text_config");
  EXPECT_EQ(inner.Int("hidden_size", kExtent), 1);
  inner.Object("deeper").Ignore({"x"});
  EXPECT_TRUE(inner.Keys().empty());
  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, Eq("config.json: text_config: is missing; expected an object")));
}

TEST(ConfigReaderTest, AnAbsentObjectMayStandForAnEmptyOne) {
  ConfigReader reader = ReaderOf(R"({"n": null, "o": {"k": 1}})");
  EXPECT_EQ(reader.ObjectOrEmpty("none").IntOr("k", 5), 5);
  EXPECT_TRUE(reader.ObjectOrEmpty("n").Keys().empty());
  EXPECT_EQ(reader.ObjectOrEmpty("o").IntOr("k", 5), 1);
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(ConfigReaderTest, KeysAndKindsCanBeAsked) {
  ConfigReader reader = ReaderOf(R"({"b": {}, "a": [], "c": null})");
  EXPECT_THAT(reader.Keys(), ElementsAre("b", "a", "c"));
  EXPECT_TRUE(reader.HasObject("b"));
  EXPECT_FALSE(reader.HasObject("a"));
  EXPECT_TRUE(reader.HasList("a"));
  EXPECT_FALSE(reader.HasList("none"));
  EXPECT_EQ(reader.Path("x"), "x");
  EXPECT_EQ(reader.origin(), "config.json");
}

TEST(ConfigReaderTest, OddKeysAreQuotedInPaths) {
  ConfigReader reader = ReaderOf("{\"a\\nb\": 1, \"\": 2}");
  EXPECT_THAT(reader.Finish(), StatusIs(kInvalid, AllOf(HasSubstr("\"a\\nb\": this key"),
                                                        HasSubstr("  \"\": this key"))));
}

TEST(ConfigReaderTest, RootMustBeAnObject) {
  EXPECT_THAT(ConfigReader::Parse("[1]", "config.json"),
              StatusIs(kInvalid, Eq("config.json: found a list of 1, expected a JSON object")));
}

TEST(ConfigReaderTest, OpensFiles) {
  const std::string path = testing::TempDir() + "/config.json";
  EXPECT_THAT(ConfigReader::Open(path), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
  testing::WriteFileOrDie(path, "{\"a\": 1}");
  LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
  EXPECT_EQ(reader.Int("a"), 1);
  testing::WriteFileOrDie(path, "{\"a\": 1");
  EXPECT_THAT(ConfigReader::Open(path), StatusIs(kInvalid, HasSubstr(path + ": line 1, column 8")));
}

}  // namespace
}  // namespace lathe
