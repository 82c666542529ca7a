// What one generator computed, put into another: the texts and logits that follow are those of a
// run that was never cut.
#include <random>

#include "runtime/generate/generator.h"
#include "test/support/status_matchers.h"
#include "test/unit/runtime/generate/fake_model.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectedLogits;
using ::lathe::testing::ExpectedTokens;
using ::lathe::testing::FakeManifest;
using ::lathe::testing::FakeModel;
using ::lathe::testing::FakeModelOptions;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

class PrefixTransferTest : public ::testing::Test {
 protected:
  Generator Make() const {
    absl::StatusOr<Generator> generator =
        Generator::Create(FakeManifest(model_), std::make_unique<FakeModel>(model_),
                          {.context = 400, .max_sequences = 2, .step_rows = 64});
    EXPECT_TRUE(generator.ok()) << generator.status();
    return std::move(generator).value();
  }

  std::vector<int32_t> Text(int64_t length) const {
    std::mt19937 random(7);
    std::vector<int32_t> text(static_cast<size_t>(length));
    for (int32_t& id : text)
      id = static_cast<int32_t>(random() % static_cast<uint32_t>(model_.tokenizer_size));
    return text;
  }

  static Result Run(Generator& generator, std::vector<int32_t> prompt, int64_t num_new) {
    const absl::StatusOr<int64_t> id = generator.Submit(
        {.prompt = std::move(prompt), .max_new_tokens = num_new, .keep_token_logits = true});
    EXPECT_TRUE(id.ok()) << id.status();
    LATHE_EXPECT_OK(generator.RunAll());
    return *generator.Take(*id);
  }

  // Into another generator, through the bytes of the groups.
  void Move(Generator& from, const std::vector<int32_t>& tokens, Generator& to,
            size_t* num_moved) const {
    const PrefixSnapshot known = from.ExportPrefix(tokens);
    std::vector<KvSnapshotView> views;
    for (const KvSnapshot& group : known.groups) views.push_back(group.view());
    LATHE_ASSERT_OK(to.ImportPrefix(known.tokens, views));
    *num_moved = known.tokens.size();
  }

  FakeModelOptions model_;
};

TEST_F(PrefixTransferTest, AnyCutGoesOnAsOneRun) {
  const std::vector<int32_t> text = Text(230);
  for (const std::vector<int64_t>& windows : {std::vector<int64_t>{0}, {0, 100}, {30}}) {
    model_.windows = windows;
    const std::vector<int32_t> expected = ExpectedTokens(model_, text, 9);
    for (size_t cut : {1, 2, 63, 64, 65, 100, 127, 128, 129, 191, 192, 193, 229, 230}) {
      SCOPED_TRACE(cut);
      // The first run reads the text up to the cut and says something else after it.
      Generator first = Make();
      const std::vector<int32_t> head(text.begin(), text.begin() + static_cast<ptrdiff_t>(cut));
      Run(first, head, 5);
      Generator second = Make();
      size_t num_moved = 0;
      Move(first, head, second, &num_moved);
      EXPECT_EQ(num_moved, cut / 64 * 64);
      const Result result = Run(second, text, 9);
      EXPECT_EQ(result.num_reused, static_cast<int64_t>(num_moved));
      EXPECT_EQ(result.tokens, expected);
      std::vector<int32_t> so_far = text;
      for (size_t i = 0; i < expected.size(); ++i) {
        const std::vector<float> logits = ExpectedLogits(model_, so_far);
        EXPECT_TRUE(
            std::equal(logits.begin(), logits.end(),
                       result.token_logits.begin() + static_cast<ptrdiff_t>(i * logits.size())))
            << "logits of token " << i;
        so_far.push_back(expected[i]);
      }
    }
  }
}

// A conversation that moves to a new process after every answer.
TEST_F(PrefixTransferTest, ConversationsMoveFromProcessToProcess) {
  for (const std::vector<int64_t>& windows : {std::vector<int64_t>{0}, {0, 100}}) {
    model_.windows = windows;
    std::vector<int32_t> conversation = Text(50);
    std::vector<Generator> generators;
    generators.push_back(Make());
    for (int turn = 0; turn < 5; ++turn) {
      const Result result = Run(generators.back(), conversation, 40);
      EXPECT_EQ(result.tokens, ExpectedTokens(model_, conversation, 40)) << turn;
      if (turn > 0) EXPECT_GT(result.num_reused, 0);
      conversation.insert(conversation.end(), result.tokens.begin(), result.tokens.end());
      Generator next = Make();
      size_t num_moved = 0;
      Move(generators.back(), conversation, next, &num_moved);
      EXPECT_EQ(num_moved, (conversation.size() - 1) / 64 * 64) << "the last token is not computed";
      generators.push_back(std::move(next));
      for (int32_t token : Text(20)) conversation.push_back(token);
    }
  }
}

TEST_F(PrefixTransferTest, ForeignCachesAreRefused) {
  Generator first = Make();
  Run(first, Text(100), 3);
  const PrefixSnapshot known = first.ExportPrefix(Text(100));
  model_.page_tokens = 32;
  Generator other = Make();
  EXPECT_THAT(other.ImportPrefix(known.tokens, {known.groups[0].view()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 tokens a page")));
  EXPECT_EQ(Run(other, Text(100), 3).num_reused, 0);
}

}  // namespace
}  // namespace lathe
