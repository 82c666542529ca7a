#include "tools/lathe/quality/compare_artifacts.h"

#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::ModelFolder;
using ::lathe::testing::RunTool;
using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CompareArtifactsTest, WindowsFollowEachOther) {
  const std::vector<int32_t> ids = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_THAT(SplitIntoWindows(ids, 100, 4),
              ElementsAre(ElementsAre(1, 2, 3, 4), ElementsAre(5, 6, 7)));
  EXPECT_THAT(SplitIntoWindows(ids, 5, 3), ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4, 5)));
  // A lone token predicts nothing.
  EXPECT_THAT(SplitIntoWindows(ids, 100, 3),
              ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4, 5, 6)));
  EXPECT_THAT(SplitIntoWindows({1}, 100, 3), IsEmpty());
  EXPECT_THAT(SplitIntoWindows({}, 100, 3), IsEmpty());
}

TEST(CompareArtifactsTest, AModelDoesNotDifferFromItself) {
  std::vector<int64_t> tokens;
  ComparisonOptions options{.tokens = 20, .window = 8, .threads = 2};
  options.on_window = [&](size_t, size_t total, int64_t compared) {
    EXPECT_EQ(total, 3u);
    tokens.push_back(compared);
  };
  LATHE_ASSERT_OK_AND_ASSIGN(
      ArtifactComparison comparison,
      CompareArtifacts(CompiledModel(), CompiledModel(),
                       "The same text, read twice by the same model, gives the same numbers.",
                       options));
  EXPECT_THAT(tokens, ElementsAre(7, 14, 17));
  EXPECT_EQ(comparison.window, 8);
  const QualitySummary& summary = comparison.summary;
  EXPECT_EQ(summary.tokens, 17);
  EXPECT_EQ(summary.mean_kl, 0);
  EXPECT_EQ(summary.same_top, 1);
  EXPECT_EQ(summary.reference_perplexity, summary.variant_perplexity);
  EXPECT_GT(summary.reference_perplexity, 1);
}

TEST(CompareArtifactsTest, WindowsFitTheContext) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      ArtifactComparison comparison,
      CompareArtifacts(CompiledModel(), CompiledModel(), "Short.", {.window = 1 << 20}));
  EXPECT_LT(comparison.window, 1 << 20);
  EXPECT_GT(comparison.summary.tokens, 1);
}

TEST(CompareArtifactsTest, WhatCannotBeComparedIsToldWhy) {
  EXPECT_THAT(CompareArtifacts(CompiledModel(), CompiledModel(), "", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fewer than two tokens")));
  EXPECT_THAT(CompareArtifacts(CompiledModel(), "/nowhere.lathe", "text", {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere.lathe")));
}

}  // namespace
}  // namespace lathe
