#include "tools/lathe/check_quality.h"

#include <cmath>
#include <regex>

#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CheckQualityTest : public ::testing::Test {
 protected:
  ProcessResult Check(std::vector<std::string> flags) {
    std::vector<std::string> words = {"check", model_.path()};
    words.insert(words.end(), flags.begin(), flags.end());
    return RunTool(words);
  }
  std::string Text() {
    model_.Write("text.txt", "What a model reads here decides what it is measured on.\n");
    return "--text=" + model_.File("text.txt");
  }
  ModelFolder model_;
};

TEST_F(CheckQualityTest, ComparesWaysOfStoring) {
  ProcessResult run = Check({"--quality", Text(), "--precision=f32", "--weights=bf16"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              AllOf(HasSubstr("tokens compared"), HasSubstr("perplexity"),
                    HasSubstr("KL divergence, 99 % below"), HasSubstr("same most likely token")));
  EXPECT_THAT(run.err, AllOf(HasSubstr("compiled f32 in"),
                             HasSubstr("compiled --weights=bf16 --embedding=bf16 --head=bf16 in"),
                             HasSubstr("window 1 of 1")));
}

// The numbers of the table that a run prints.
struct Quality {
  double reference_perplexity = NAN;
  double perplexity = NAN;
  double mean_kl = NAN;
  double kl_99 = NAN;
  double same_top = NAN;
};

// The numbers behind `name` in its line of the table; a missing line fails the test.
std::vector<double> Row(const std::string& table, const std::string& name) {
  const std::regex line("(^|\\n)" + name + " +([^\\n]*)");
  const std::regex number("[0-9]+\\.[0-9]+");
  std::smatch match;
  if (!std::regex_search(table, match, line)) {
    ADD_FAILURE() << "no line of " << name << " in\n" << table;
    return {NAN, NAN};
  }
  const std::string rest = match[2];
  std::vector<double> numbers;
  for (std::sregex_iterator it(rest.begin(), rest.end(), number); it != std::sregex_iterator();
       ++it)
    numbers.push_back(std::stod(it->str()));
  if (numbers.empty()) ADD_FAILURE() << "no number behind " << name << " in\n" << table;
  numbers.resize(std::max<size_t>(numbers.size(), 2), NAN);
  return numbers;
}

// What `weights` cost the demo checkpoint, on the text of its own questions.
Quality QualityOf(const std::string& weights) {
  const std::string demo = lathe::testing::SourcePath("test/data/demo");
  const ProcessResult run =
      RunTool({"check", demo, "--quality", "--text=" + demo + "/questions.json", "--tokens=600",
               "--weights=" + weights});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  Quality quality;
  const std::vector<double> perplexity = Row(run.out, "perplexity");
  quality.reference_perplexity = perplexity[0];
  quality.perplexity = perplexity[1];
  quality.mean_kl = Row(run.out, "KL divergence, mean")[0];
  quality.kl_99 = Row(run.out, "KL divergence, 99 % below")[0];
  quality.same_top = Row(run.out, "same most likely token")[0];
  return quality;
}

// Bounds are about twice what was measured: 0.0014 and 0.061, 0.7 % and 15 %.
TEST(CheckQualityOfDemoTest, FewerBitsCostMoreAndNeitherCostsMuch) {
  const Quality int8 = QualityOf("int8");
  const Quality int4 = QualityOf("int4");
  EXPECT_EQ(int8.reference_perplexity, int4.reference_perplexity) << "the same bf16 reference";
  EXPECT_GT(int8.mean_kl, 0);
  EXPECT_LT(int8.mean_kl, int4.mean_kl);
  EXPECT_LT(int8.kl_99, int4.kl_99);
  EXPECT_GT(int8.same_top, int4.same_top);
  EXPECT_LT(int8.mean_kl, 0.003);
  EXPECT_LT(int4.mean_kl, 0.13);
  EXPECT_NEAR(int8.perplexity / int8.reference_perplexity, 1, 0.015);
  EXPECT_NEAR(int4.perplexity / int4.reference_perplexity, 1, 0.3);
}

TEST_F(CheckQualityTest, WrongUse) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--quality", "--weights=int4"}, "--quality needs a text to measure on"},
      {{"--quality", Text()}, "both would be the same; say which"},
      {{"--weights=int4"}, "belong to --quality, which is not given"},
      {{"--tokens=9"}, "belong to --quality, which is not given"},
      {{"--quality", Text(), "--group=32"}, "--group is about the scales"},
      {{"--quality", Text(), "--weights=int8", "--window=1"}, "--window"}};
  for (const auto& [flags, message] : cases) {
    ProcessResult run = Check(flags);
    EXPECT_EQ(run.exit_code, 2) << message;
    EXPECT_THAT(run.err, HasSubstr(message));
  }
}

TEST_F(CheckQualityTest, ATextThatIsNotThereIsNamed) {
  ProcessResult run = Check({"--quality", "--text=/nowhere.txt", "--weights=int8"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("--text"), HasSubstr("/nowhere.txt")));
}

}  // namespace
}  // namespace lathe
