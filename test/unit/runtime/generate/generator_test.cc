#include "runtime/generate/generator.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "runtime/generate/row_keeper.h"
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
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;

class GeneratorTest : public ::testing::Test {
 protected:
  Generator Make(const GeneratorOptions& options = {}) {
    auto model = std::make_unique<FakeModel>(model_options_);
    model_ = model.get();
    absl::StatusOr<Generator> generator =
        Generator::Create(FakeManifest(model_options_), std::move(model), options);
    EXPECT_TRUE(generator.ok()) << generator.status();
    return std::move(generator).value();
  }

  std::vector<int32_t> Prompt(int64_t length, uint32_t seed = 1) const {
    std::mt19937 random(seed * 1000 + static_cast<uint32_t>(length));
    std::vector<int32_t> prompt(static_cast<size_t>(length));
    for (int32_t& id : prompt)
      id = static_cast<int32_t>(random() % static_cast<uint32_t>(model_options_.vocab_size));
    return prompt;
  }

  static void ExpectNothingHeld(const Generator& generator) {
    for (const KvCache& cache : generator.caches())
      EXPECT_EQ(cache.num_available(), cache.pool().num_pages());
  }

  // That the model has computed.
  int64_t NumRows() const {
    const std::vector<int64_t>& rows = model_->rows_per_step();
    return std::accumulate(rows.begin(), rows.end(), int64_t{0});
  }

  FakeModelOptions model_options_;
  FakeModel* model_ = nullptr;
};

TEST_F(GeneratorTest, ALoneRequestEqualsTheModel) {
  for (int64_t length : {1, 63, 64, 65, 200}) {
    Generator generator = Make({.step_rows = 64});
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                               generator.Submit({.prompt = Prompt(length), .max_new_tokens = 70}));
    LATHE_ASSERT_OK(generator.RunAll());
    Result result = generator.Take(id).value();
    EXPECT_EQ(result.tokens, ExpectedTokens(model_options_, Prompt(length), 70)) << length;
    EXPECT_EQ(result.reason, FinishReason::kLength);
    EXPECT_EQ(generator.Take(id), std::nullopt) << "a result is handed out once";
    ExpectNothingHeld(generator);
  }
}

// With windows, too: pages that the window let go of are not needed by what follows.
TEST_F(GeneratorTest, TheNextTurnReadsOnlyWhatIsNew) {
  for (const std::vector<int64_t>& windows : {std::vector<int64_t>{0}, {0, 100}}) {
    model_options_.windows = windows;
    Generator generator = Make({.context = 600, .max_sequences = 1, .step_rows = 64});
    std::vector<int32_t> conversation = Prompt(150);
    int64_t num_known = 0;
    for (int turn = 0; turn < 3; ++turn) {
      const int64_t rows_before = NumRows();
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                                 generator.Submit({.prompt = conversation, .max_new_tokens = 40}));
      LATHE_ASSERT_OK(generator.RunAll());
      Result result = generator.Take(id).value();
      EXPECT_EQ(result.tokens, ExpectedTokens(model_options_, conversation, 40)) << turn;
      EXPECT_EQ(result.num_reused, num_known);
      EXPECT_EQ(NumRows() - rows_before,
                static_cast<int64_t>(conversation.size()) + 39 - num_known);
      conversation.insert(conversation.end(), result.tokens.begin(), result.tokens.end());
      num_known = (static_cast<int64_t>(conversation.size()) - 1) / 64 * 64;
      for (int32_t token : Prompt(70, static_cast<uint32_t>(turn))) conversation.push_back(token);
    }
    ExpectNothingHeld(generator);
  }
}

TEST_F(GeneratorTest, AllThatBeginAlikeShareIt) {
  Generator generator = Make({.context = 600, .max_sequences = 4});
  const std::vector<int32_t> system = Prompt(130);
  auto with = [&system](std::vector<int32_t> question) {
    question.insert(question.begin(), system.begin(), system.end());
    return question;
  };
  LATHE_ASSERT_OK(generator.Submit({.prompt = with({1}), .max_new_tokens = 30}));
  LATHE_ASSERT_OK(generator.Step());  // it still runs when the others come
  std::vector<int64_t> ids;
  for (int32_t question : {2, 3, 4}) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        int64_t id, generator.Submit({.prompt = with({question}), .max_new_tokens = 30}));
    ids.push_back(id);
  }
  LATHE_ASSERT_OK(generator.Step());
  // The first has three pages, each other shares two of them.
  EXPECT_EQ(generator.caches()[0].pool().num_free(),
            generator.caches()[0].pool().num_pages() - 3 - 3);
  LATHE_ASSERT_OK(generator.RunAll());
  for (int32_t question : {2, 3, 4}) {
    Result result = generator.Take(ids[static_cast<size_t>(question - 2)]).value();
    EXPECT_EQ(result.num_reused, 128);
    EXPECT_EQ(result.tokens, ExpectedTokens(model_options_, with({question}), 30));
  }
  ExpectNothingHeld(generator);
}

// The same prompt again, of whole pages: its last row is computed for the first token.
TEST_F(GeneratorTest, TheLastRowIsAlwaysComputed) {
  Generator generator = Make({.max_sequences = 1});
  for (int64_t expected_reuse : {0, 64, 64}) {
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                               generator.Submit({.prompt = Prompt(128), .max_new_tokens = 5}));
    LATHE_ASSERT_OK(generator.RunAll());
    Result result = generator.Take(id).value();
    EXPECT_EQ(result.tokens, ExpectedTokens(model_options_, Prompt(128), 5));
    EXPECT_EQ(result.num_reused, expected_reuse);
  }
}

TEST_F(GeneratorTest, NothingIsReusedWhereEachRowIsAskedForOrTheOptionSaysSo) {
  for (bool reuses : {false, true}) {
    Generator generator = Make({.max_sequences = 1, .reuse_prefixes = reuses});
    for (int turn = 0; turn < 2; ++turn) {
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = Prompt(200),
                                                               .max_new_tokens = 1,
                                                               .keep_prompt_logits = reuses}));
      LATHE_ASSERT_OK(generator.RunAll());
      Result result = generator.Take(id).value();
      EXPECT_EQ(result.num_reused, 0);
      EXPECT_EQ(result.prompt_logits.size(), reuses ? 200 * 40 : 0);
    }
    EXPECT_EQ(NumRows(), 400);
  }
}

TEST_F(GeneratorTest, WhatIsRememberedMakesRoom) {
  std::vector<int32_t> other = Prompt(125);
  other[3] = (other[3] + 1) % 37;
  for (const std::vector<int32_t>& next : {other, Prompt(1)}) {
    // Room for one request alone.
    Generator generator = Make({.context = 128, .max_sequences = 1, .pool_tokens = 128});
    LATHE_ASSERT_OK(generator.Submit({.prompt = Prompt(100), .max_new_tokens = 28}).status());
    LATHE_ASSERT_OK(generator.RunAll());
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = next, .max_new_tokens = 3}));
    LATHE_ASSERT_OK(generator.RunAll());
    Result result = generator.Take(id).value();
    EXPECT_EQ(result.tokens, ExpectedTokens(model_options_, next, 3));
    EXPECT_EQ(result.num_reused, 0);
    ExpectNothingHeld(generator);
  }
}

// Its pages have room for a row that the step computed and nobody counted: that row is not known.
TEST_F(GeneratorTest, WhatWasCancelledInsideAStepIsKnownAsFarAsItWasCounted) {
  Generator generator = Make({.context = 300, .max_sequences = 2});
  int64_t cancelled = -1;
  int num_tokens = 0;
  LATHE_ASSERT_OK(generator
                      .Submit({.prompt = Prompt(10),
                               .max_new_tokens = 5,
                               .on_token =
                                   [&](int32_t) {
                                     if (++num_tokens == 3) generator.Cancel(cancelled);
                                     return AfterToken::kGoOn;
                                   }})
                      .status());
  LATHE_ASSERT_OK_AND_ASSIGN(cancelled, generator.Submit({.prompt = Prompt(126)}));
  LATHE_ASSERT_OK(generator.RunAll());
  Result first = generator.Take(cancelled).value();
  EXPECT_EQ(first.reason, FinishReason::kCancelled);
  EXPECT_EQ(first.tokens.size(), 2);
  std::vector<int32_t> next = Prompt(126);
  next.insert(next.end(), first.tokens.begin(), first.tokens.end());
  next.push_back(1);
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = next, .max_new_tokens = 9}));
  LATHE_ASSERT_OK(generator.RunAll());
  Result second = generator.Take(id).value();
  EXPECT_EQ(second.tokens, ExpectedTokens(model_options_, next, 9));
  EXPECT_EQ(second.num_reused, 64) << "127 rows were counted, 128 computed";
  ExpectNothingHeld(generator);
}

TEST_F(GeneratorTest, TheLastIdsOfTheVocabularyAreNeverProduced) {
  Generator generator = Make();
  LATHE_ASSERT_OK_AND_ASSIGN(
      int64_t id,
      generator.Submit({.prompt = Prompt(5), .max_new_tokens = 300, .keep_token_logits = true}));
  LATHE_ASSERT_OK(generator.RunAll());
  Result result = generator.Take(id).value();
  EXPECT_THAT(result.tokens, Each(Le(36)));
  bool has_larger =
      false;  // the test has teeth: somewhere the largest logit is of an id without a token
  for (size_t row = 0; row < 300; ++row) {
    auto begin = result.token_logits.begin() + static_cast<ptrdiff_t>(row * 40);
    has_larger |= std::max_element(begin, begin + 40) - begin > 36;
  }
  EXPECT_TRUE(has_larger);
}

TEST_F(GeneratorTest, UnlessTheRequestAllowsThem) {
  FakeModelOptions all = model_options_;
  all.tokenizer_size = all.vocab_size;
  Generator generator = Make();
  LATHE_ASSERT_OK_AND_ASSIGN(
      int64_t id,
      generator.Submit({.prompt = Prompt(5), .max_new_tokens = 100, .allow_padding_ids = true}));
  LATHE_ASSERT_OK(generator.RunAll());
  std::vector<int32_t> expected = ExpectedTokens(all, Prompt(5), 100);
  EXPECT_GT(*std::max_element(expected.begin(), expected.end()), 36);
  EXPECT_EQ(generator.Take(id)->tokens, expected);
}

// Requests of all lengths come at random times, some in pieces of their own, some are cancelled:
// each text is that of a lone run.
TEST_F(GeneratorTest, BatchesEqualSingleRuns) {
  for (std::vector<int64_t> windows : {std::vector<int64_t>{0}, {0, 24}, {100}}) {
    model_options_.windows = windows;
    std::mt19937 random(11);
    Generator generator =
        Make({.max_sequences = 5,
              .pool_tokens = 500,
              .step_rows = 192,
              .preemption = random() % 2 == 0 ? Preemption::kRecompute : Preemption::kCopyOut});
    struct Asked {
      int64_t id = 0;
      std::vector<int32_t> prompt;
      int64_t num_new = 0;
      bool is_cancelled = false;
    };
    std::vector<Asked> asked;
    while (asked.size() < 40 || generator.num_running() + generator.num_waiting() > 0) {
      if (asked.size() < 40 && random() % 3 == 0) {
        Asked next;
        next.prompt = Prompt(static_cast<int64_t>(1 + random() % 300), random());
        if (random() % 2 == 0) {
          const std::vector<int32_t> shared = Prompt(200);
          next.prompt.insert(next.prompt.begin(), shared.begin(),
                             shared.begin() + static_cast<ptrdiff_t>(random() % 200));
        }
        next.num_new = static_cast<int64_t>(1 + random() % 60);
        Request request{.prompt = next.prompt, .max_new_tokens = next.num_new};
        if (random() % 3 == 0) {
          for (int64_t left = static_cast<int64_t>(next.prompt.size()); left > 0;
               left -= request.pieces.back()) {
            request.pieces.push_back(std::min(static_cast<int64_t>(1 + random() % 100), left));
          }
        }
        LATHE_ASSERT_OK_AND_ASSIGN(next.id, generator.Submit(std::move(request)));
        asked.push_back(std::move(next));
      }
      if (!asked.empty() && random() % 40 == 0) {
        size_t victim = random() % asked.size();
        asked[victim].is_cancelled = true;
        generator.Cancel(asked[victim].id);
      }
      LATHE_ASSERT_OK(generator.Step());
    }
    LATHE_ASSERT_OK(generator.RunAll());
    for (const Asked& each : asked) {
      std::vector<int32_t> expected = ExpectedTokens(model_options_, each.prompt, each.num_new);
      Result result = generator.Take(each.id).value();
      LATHE_EXPECT_OK(result.status);
      if (each.is_cancelled) expected.resize(result.tokens.size());
      EXPECT_EQ(result.tokens, expected);
    }
    ExpectNothingHeld(generator);
  }
}

TEST_F(GeneratorTest, PiecesAndOneShotGiveTheSameLogits) {
  std::vector<int32_t> prompt = Prompt(200);
  std::vector<float> expected;
  for (size_t length = 1; length <= prompt.size(); ++length) {
    std::vector<float> row = ExpectedLogits(
        model_options_, {prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(length)});
    expected.insert(expected.end(), row.begin(), row.end());
  }
  for (std::vector<int64_t> pieces : {std::vector<int64_t>{}, {37, 64, 1, 2, 96}, {200}}) {
    Generator generator = Make({.step_rows = 64});
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = prompt,
                                                             .max_new_tokens = 3,
                                                             .pieces = pieces,
                                                             .keep_prompt_logits = true,
                                                             .keep_token_logits = true}));
    LATHE_ASSERT_OK(generator.RunAll());
    Result result = generator.Take(id).value();
    EXPECT_EQ(result.prompt_logits, expected);
    ASSERT_EQ(result.token_logits.size(), 3 * 40);
    EXPECT_TRUE(std::equal(expected.end() - 40, expected.end(), result.token_logits.begin()))
        << "the first token's row is the prompt's last";
    if (!pieces.empty()) {
      std::vector<int64_t> rows = model_->rows_per_step();
      rows.resize(pieces.size());
      EXPECT_EQ(rows, pieces);
    }
  }
}

TEST_F(GeneratorTest, TokensStreamAndTheCallbackMayStop) {
  std::vector<int32_t> expected = ExpectedTokens(model_options_, Prompt(10), 8);
  std::vector<int32_t> streamed;
  Generator generator = Make();
  Request request{.prompt = Prompt(10)};
  request.on_token = [&](int32_t token) {
    streamed.push_back(token);
    return streamed.size() < 8 ? AfterToken::kGoOn : AfterToken::kCancel;
  };
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit(std::move(request)));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(streamed, expected);
  EXPECT_EQ(generator.Take(id)->reason, FinishReason::kCancelled);
}

TEST_F(GeneratorTest, StopIdsAndTheContextEndTheText) {
  std::vector<int32_t> expected = ExpectedTokens(model_options_, Prompt(10), 100);
  Generator generator = Make({.context = 50});
  LATHE_ASSERT_OK_AND_ASSIGN(
      int64_t stopped, generator.Submit({.prompt = Prompt(10), .stop_ids = {39, expected[20]}}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t full, generator.Submit({.prompt = Prompt(10)}));
  LATHE_ASSERT_OK(generator.RunAll());
  Result result = generator.Take(stopped).value();
  EXPECT_EQ(result.reason, FinishReason::kStopId);
  EXPECT_EQ(result.stop_id, expected[20]);
  auto first = std::find(expected.begin(), expected.end(), expected[20]);
  EXPECT_EQ(result.tokens, std::vector<int32_t>(expected.begin(), first));
  result = generator.Take(full).value();
  EXPECT_EQ(result.reason, FinishReason::kContext);
  EXPECT_EQ(result.tokens, std::vector<int32_t>(expected.begin(), expected.begin() + 40));
}

TEST_F(GeneratorTest, ARequestOfExactlyTheContextRuns) {
  Generator generator = Make({.context = 128, .max_sequences = 1});
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                             generator.Submit({.prompt = Prompt(127), .max_new_tokens = 1}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t prefill,
                             generator.Submit({.prompt = Prompt(128), .max_new_tokens = 0}));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(generator.Take(id)->tokens, ExpectedTokens(model_options_, Prompt(127), 1));
  EXPECT_TRUE(generator.Take(prefill)->tokens.empty());
}

TEST_F(GeneratorTest, StepsShowTheirRows) {
  Generator generator = Make({.step_rows = 64});
  std::vector<int32_t> prompt = Prompt(100);
  std::vector<float> seen;
  int64_t next_position = 0;
  auto watch = [&](const StepView& view) {
    EXPECT_EQ(view.first_position, next_position);
    next_position += view.num_rows;
    absl::Span<const float> rows = view.runner.Output("layer_inputs.0");
    for (int64_t i = 0; i < view.num_rows; ++i)
      seen.push_back(rows[static_cast<size_t>(view.first_row + i)]);
    EXPECT_EQ(rows.size(), static_cast<size_t>(view.step_rows));
    EXPECT_EQ(view.pages[0].length, next_position);
    EXPECT_EQ(view.caches[0].Read(view.pages[0], 0, KvPart::kKey, 0, next_position).value(), seen);
  };
  LATHE_ASSERT_OK(generator.Submit({.prompt = Prompt(30, 9), .max_new_tokens = 20}));
  LATHE_ASSERT_OK(generator.Submit({.prompt = prompt, .max_new_tokens = 3, .on_step = watch}));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(next_position, 102);
  EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), seen.begin()));
}

TEST_F(GeneratorTest, TheLastLogitsOfAPromptAreThoseOfAll) {
  Generator generator = Make({.step_rows = 64});
  auto ask = [&](Request request) -> std::vector<float> {
    const absl::StatusOr<int64_t> id = generator.Submit(std::move(request));
    EXPECT_THAT(id, testing::IsOk());
    LATHE_EXPECT_OK(generator.RunAll());
    return generator.Take(*id)->prompt_logits;
  };
  const std::vector<float> all =
      ask({.prompt = Prompt(150), .max_new_tokens = 0, .keep_prompt_logits = true});
  for (int64_t count : {1, 30, 149, 150, 1000}) {
    const std::vector<float> last =
        ask({.prompt = Prompt(150), .max_new_tokens = 0, .last_prompt_logits = count});
    const auto size = static_cast<size_t>(std::min<int64_t>(count, 150) * 40);
    EXPECT_EQ(last, std::vector<float>(all.end() - static_cast<ptrdiff_t>(size), all.end()))
        << count;
  }
  EXPECT_THAT(generator.Submit({.prompt = {1}, .last_prompt_logits = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("last_prompt_logits is -1")));
}

// The second prompt goes on from the first: what could be reused is computed and seen all the same.
TEST_F(GeneratorTest, AWholePromptIsSeenWhenItIsAskedFor) {
  Generator generator = Make({.max_sequences = 1, .step_rows = 64});
  std::vector<int32_t> prompt = Prompt(130);
  LATHE_ASSERT_OK(generator.Submit({.prompt = prompt, .max_new_tokens = 1}));
  LATHE_ASSERT_OK(generator.RunAll());
  prompt.push_back(3);
  RowKeeper keeper("layer_inputs.0", 131);
  LATHE_ASSERT_OK(
      generator.Submit({.prompt = prompt,
                        .max_new_tokens = 5,
                        .computes_prompt = true,
                        .on_step = [&](const StepView& view) { keeper.OnStep(view); }}));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(std::vector<float>(keeper.rows().begin(), keeper.rows().end()),
            std::vector<float>(prompt.begin(), prompt.end()));
}

TEST_F(GeneratorTest, LargeRequestsWaitTheirTurnAndAreNotOvertaken) {
  Generator generator =
      Make({.context = 256, .max_sequences = 4, .pool_tokens = 256});  // 4 + 3 pages
  std::vector<int64_t> first_tokens;
  auto ask = [&](int64_t length, int64_t tag) {
    Request request{.prompt = Prompt(length), .max_new_tokens = 1};
    request.on_token = [&first_tokens, tag](int32_t) {
      first_tokens.push_back(tag);
      return AfterToken::kGoOn;
    };
    LATHE_ASSERT_OK(generator.Submit(std::move(request)));
  };
  ask(255, 0);  // 4 pages
  ask(255, 1);  // does not fit beside it
  ask(5, 2);    // would
  LATHE_ASSERT_OK(generator.Step());
  EXPECT_EQ(generator.num_waiting(), 2);
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(first_tokens.front(), 0);
  EXPECT_EQ(first_tokens.size(), 3);
  ExpectNothingHeld(generator);
}

// Two that together outgrow the pool: the younger waits in between, and nobody can tell by its
// text.
TEST_F(GeneratorTest, AdmissionIsByPromptAndTheYoungestMakesRoom) {
  for (Preemption how : {Preemption::kRecompute, Preemption::kCopyOut}) {
    Generator generator = Make({.context = 384,
                                .max_sequences = 3,
                                .pool_tokens = 384 - 128,
                                .preemption = how});  // 6 pages
    std::vector<int64_t> ids;
    std::vector<std::vector<int32_t>> streamed(3);
    for (uint32_t i = 0; i < 3; ++i) {
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                                 generator.Submit({.prompt = Prompt(100, i),
                                                   .max_new_tokens = 200,
                                                   .sampling = {.temperature = 1, .seed = i},
                                                   .on_token = [&streamed, i](int32_t token) {
                                                     streamed[i].push_back(token);
                                                     return AfterToken::kGoOn;
                                                   }}));
      ids.push_back(id);
    }
    LATHE_ASSERT_OK(generator.Step());
    EXPECT_EQ(generator.num_running(), 3);
    LATHE_ASSERT_OK(generator.RunAll());
    int64_t num_preempted = 0;
    for (uint32_t i = 0; i < 3; ++i) {
      Result result = generator.Take(ids[i]).value();
      LATHE_EXPECT_OK(result.status);
      EXPECT_EQ(result.tokens, streamed[i]) << "each token came once";
      Generator alone = Make();
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                                 alone.Submit({.prompt = Prompt(100, i),
                                               .max_new_tokens = 200,
                                               .sampling = {.temperature = 1, .seed = i}}));
      LATHE_ASSERT_OK(alone.RunAll());
      EXPECT_EQ(result.tokens, alone.Take(id)->tokens);
      if (i == 0) EXPECT_EQ(result.num_preempted, 0) << "the oldest gets on";
      num_preempted += result.num_preempted;
    }
    EXPECT_GT(num_preempted, 0);
    ExpectNothingHeld(generator);
  }
}

// Four answers to one question: the prompt is computed once, its full pages are held once.
TEST_F(GeneratorTest, ForksShareTheirPrompt) {
  for (bool reuses : {true, false}) {
    Generator generator =
        Make({.context = 400, .max_sequences = 4, .step_rows = 64, .reuse_prefixes = reuses});
    std::vector<int64_t> ids;
    for (uint64_t seed = 0; seed < 4; ++seed) {
      Request request{.prompt = Prompt(150),
                      .max_new_tokens = 60,
                      .sampling = {.temperature = 1, .seed = seed}};
      if (seed > 0) request.fork_of = ids[0];
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit(std::move(request)));
      ids.push_back(id);
    }
    for (int i = 0; i < 3; ++i) {
      LATHE_ASSERT_OK(generator.Step());
      EXPECT_EQ(generator.num_running(), 1) << "the prompt takes three steps";
    }
    LATHE_ASSERT_OK(generator.Step());
    EXPECT_EQ(generator.num_running(), 4);
    EXPECT_EQ(generator.stats().pages_in_use, 2 + 4) << "two full ones, and a last one each";
    EXPECT_EQ(generator.stats().num_reused, 3 * 149);
    LATHE_ASSERT_OK(generator.RunAll());
    EXPECT_EQ(NumRows(), 150 + 3 + 4 * 59);
    EXPECT_EQ(generator.stats().num_rows, NumRows());
    EXPECT_EQ(generator.stats().num_steps, static_cast<int64_t>(model_->rows_per_step().size()));
    for (uint64_t seed = 0; seed < 4; ++seed) {
      Result result = generator.Take(ids[seed]).value();
      EXPECT_EQ(result.num_reused, seed == 0 ? 0 : 149);
      Generator alone = Make();
      LATHE_ASSERT_OK_AND_ASSIGN(int64_t id,
                                 alone.Submit({.prompt = Prompt(150),
                                               .max_new_tokens = 60,
                                               .sampling = {.temperature = 1, .seed = seed}}));
      LATHE_ASSERT_OK(alone.RunAll());
      EXPECT_EQ(result.tokens, alone.Take(id)->tokens);
    }
    ExpectNothingHeld(generator);
  }
}

TEST_F(GeneratorTest, AForkWithoutItsParentGoesOnAlone) {
  Generator generator = Make({.context = 400, .max_sequences = 2});
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t ended,
                             generator.Submit({.prompt = Prompt(150), .max_new_tokens = 1}));
  LATHE_ASSERT_OK(generator.RunAll());
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t other,
                             generator.Submit({.prompt = Prompt(90, 5), .max_new_tokens = 50}));
  struct Fork {
    int64_t of;
    int64_t num_reused;
  };
  // One that has ended, one that nobody knows, one with another prompt.
  for (const Fork& fork : {Fork{ended, 128}, Fork{77, 128}, Fork{other, 128}}) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        int64_t id,
        generator.Submit({.prompt = Prompt(150), .max_new_tokens = 5, .fork_of = fork.of}));
    while (true) {
      LATHE_ASSERT_OK(generator.Step());
      std::optional<Result> result = generator.Take(id);
      if (!result.has_value()) continue;
      EXPECT_EQ(result->num_reused, fork.num_reused);
      EXPECT_EQ(result->tokens, ExpectedTokens(model_options_, Prompt(150), 5));
      break;
    }
  }
  // One that is cancelled before it has read its prompt.
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t parent,
                             generator.Submit({.prompt = Prompt(300, 9), .max_new_tokens = 5}));
  LATHE_ASSERT_OK_AND_ASSIGN(
      int64_t orphan,
      generator.Submit({.prompt = Prompt(300, 9), .max_new_tokens = 5, .fork_of = parent}));
  generator.Cancel(parent);
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(generator.Take(orphan)->tokens, ExpectedTokens(model_options_, Prompt(300, 9), 5));
  ExpectNothingHeld(generator);
}

TEST_F(GeneratorTest, RowsAreShownOnceAlsoWhenComputedTwice) {
  Generator generator = Make({.context = 384, .max_sequences = 2, .pool_tokens = 320});  // 6 pages
  LATHE_ASSERT_OK(generator.Submit({.prompt = Prompt(100, 1), .max_new_tokens = 250}));
  std::vector<float> seen;
  auto watch = [&](const StepView& view) {
    EXPECT_EQ(view.first_position, static_cast<int64_t>(seen.size()));
    absl::Span<const float> rows = view.runner.Output("layer_inputs.0");
    for (int64_t i = 0; i < view.num_rows; ++i)
      seen.push_back(rows[static_cast<size_t>(view.first_row + i)]);
  };
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t id, generator.Submit({.prompt = Prompt(150, 2),
                                                           .max_new_tokens = 100,
                                                           .keep_prompt_logits = true,
                                                           .on_step = watch}));
  LATHE_ASSERT_OK(generator.RunAll());
  Result result = generator.Take(id).value();
  EXPECT_GT(result.num_preempted, 0);
  EXPECT_EQ(result.prompt_logits.size(), 150 * 40);
  std::vector<int32_t> expected = Prompt(150, 2);
  expected.insert(expected.end(), result.tokens.begin(), result.tokens.end() - 1);
  EXPECT_EQ(seen, std::vector<float>(expected.begin(), expected.end()));
}

TEST_F(GeneratorTest, WhatWaitsForItsPagesCanBeCancelled) {
  for (Preemption how : {Preemption::kRecompute, Preemption::kCopyOut}) {
    Generator generator =
        Make({.context = 384, .max_sequences = 2, .pool_tokens = 320, .preemption = how});
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t first,
                               generator.Submit({.prompt = Prompt(100, 1), .max_new_tokens = 250}));
    LATHE_ASSERT_OK_AND_ASSIGN(int64_t second,
                               generator.Submit({.prompt = Prompt(150, 2), .max_new_tokens = 200}));
    LATHE_ASSERT_OK(generator.Step());
    while (generator.num_running() == 2) LATHE_ASSERT_OK(generator.Step());
    EXPECT_EQ(generator.num_waiting(), 1);
    generator.Cancel(second);
    LATHE_ASSERT_OK(generator.RunAll());
    EXPECT_EQ(generator.Take(first)->tokens, ExpectedTokens(model_options_, Prompt(100, 1), 250));
    Result cancelled = generator.Take(second).value();
    EXPECT_EQ(cancelled.reason, FinishReason::kCancelled);
    EXPECT_EQ(cancelled.num_preempted, 1);
    std::vector<int32_t> expected = ExpectedTokens(model_options_, Prompt(150, 2), 200);
    expected.resize(cancelled.tokens.size());
    EXPECT_EQ(cancelled.tokens, expected);
    ExpectNothingHeld(generator);
  }
}

TEST_F(GeneratorTest, OneBadRequestDoesNotPoisonTheOthers) {
  Generator generator = Make();
  model_->PoisonAfter(39);
  std::vector<int32_t> good = {1, 2, 3};
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t bad_id,
                             generator.Submit({.prompt = {1, 39}, .max_new_tokens = 4}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t good_id,
                             generator.Submit({.prompt = good, .max_new_tokens = 4}));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_THAT(generator.Take(bad_id)->status,
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lathe check")));
  EXPECT_EQ(generator.Take(good_id)->tokens, ExpectedTokens(model_options_, good, 4));
}

TEST_F(GeneratorTest, AFailedStepFailsItsRequestsAndNothingElse) {
  Generator generator = Make({.max_sequences = 1});
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t first, generator.Submit({.prompt = {1}, .max_new_tokens = 4}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t second,
                             generator.Submit({.prompt = {2}, .max_new_tokens = 4}));
  model_->FailOnce(absl::ResourceExhaustedError("no workspace"));
  EXPECT_THAT(generator.Step(), StatusIs(absl::StatusCode::kResourceExhausted, "no workspace"));
  EXPECT_THAT(generator.Take(first)->status,
              StatusIs(absl::StatusCode::kResourceExhausted, "no workspace"));
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(generator.Take(second)->tokens, ExpectedTokens(model_options_, {2}, 4));
  ExpectNothingHeld(generator);
}

TEST_F(GeneratorTest, CancellingFromACallbackIsSafe) {
  Generator generator = Make();
  int64_t second = 1;
  Request request{.prompt = {1}, .max_new_tokens = 4};
  request.on_token = [&](int32_t) {
    generator.Cancel(second);
    return AfterToken::kGoOn;
  };
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t first, generator.Submit(std::move(request)));
  LATHE_ASSERT_OK_AND_ASSIGN(second, generator.Submit({.prompt = {2}, .max_new_tokens = 4}));
  generator.Cancel(99);
  LATHE_ASSERT_OK(generator.RunAll());
  EXPECT_EQ(generator.Take(first)->tokens.size(), 4);
  Result cancelled = generator.Take(second).value();
  EXPECT_EQ(cancelled.reason, FinishReason::kCancelled);
  EXPECT_TRUE(cancelled.tokens.empty());
}

TEST_F(GeneratorTest, BadRequestsAreRefusedWithTheirNumbers) {
  Generator generator = Make({.context = 100, .max_sequences = 2});
  auto refused = [&](Request request, absl::StatusCode code, const auto& message) {
    EXPECT_THAT(generator.Submit(std::move(request)), StatusIs(code, message));
  };
  constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  refused({}, kInvalid, HasSubstr("the prompt is empty"));
  refused({.prompt = {1, 40}}, kInvalid,
          HasSubstr("prompt_ids[1] is 40, but the model's ids go from 0 to 39"));
  refused({.prompt = {-1}}, kInvalid, HasSubstr("prompt_ids[0] is -1"));
  refused({.prompt = {1}, .stop_ids = {41}}, kInvalid, HasSubstr("stop_ids[0] is 41"));
  refused({.prompt = {1}, .max_new_tokens = -1}, kInvalid, HasSubstr("max_new_tokens is -1"));
  refused(
      {.prompt = Prompt(100)}, kInvalid,
      AllOf(HasSubstr(
                "the prompt has 100 tokens, but the context holds 100 tokens; shorten the prompt"),
            HasSubstr("or raise --context (at most 2048 for this model)")));
  refused(
      {.prompt = Prompt(60), .max_new_tokens = 41}, kInvalid,
      HasSubstr(
          "has 60 tokens and 41 new ones are asked for, but the context holds 100 tokens; lower "
          "--max-new-tokens"));
  refused({.prompt = {1, 2}, .pieces = {1, 2}}, kInvalid,
          HasSubstr("pieces[1] is 2, but 1 tokens of the prompt"));
  refused({.prompt = {1, 2}, .pieces = {0, 2}}, kInvalid, HasSubstr("pieces[0] is 0"));
  refused({.prompt = {1, 2}, .pieces = {1}}, kInvalid,
          HasSubstr("pieces cover 1 tokens, but the prompt has 2"));
  EXPECT_EQ(generator.num_waiting(), 0);
  Generator whole = Make();
  EXPECT_THAT(
      whole.Submit({.prompt = Prompt(2048)}),
      StatusIs(kInvalid,
               HasSubstr("tokens (the most that this model was made for); shorten the prompt")));
  Generator small = Make({.max_sequences = 1, .pool_tokens = 128});
  EXPECT_THAT(small.Submit({.prompt = Prompt(100), .max_new_tokens = 100}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("the request needs 4 pages of 64 tokens"),
                             HasSubstr("the pool has 2"))));
}

TEST_F(GeneratorTest, BadOptionsAreRefused) {
  auto refused = [&](const GeneratorOptions& options, const char* message) {
    EXPECT_THAT(Generator::Create(FakeManifest(model_options_),
                                  std::make_unique<FakeModel>(model_options_), options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused({.context = 2049}, "--context is 2049, but the model was made for at most 2048 tokens");
  refused({.context = 0}, "--context is 0");
  refused({.max_sequences = 0}, "max_sequences is 0, expected 1 to 65536");
  refused({.pool_tokens = 0}, "pool_tokens is 0");
  refused({.step_rows = 0}, "step_rows is 0");
  model_options_.max_context = int64_t{1} << 40;
  refused({}, "max_context of the manifest is 1099511627776");
  model_options_.max_context = 2048;
  model_options_.tokenizer_size = 0;
  refused({}, "tokenizer_size of the manifest is 0");
}

TEST_F(GeneratorTest, AModelWithOtherLogitsIsOurFault) {
  FakeModelOptions other = model_options_;
  other.vocab_size = 39;
  LATHE_ASSERT_OK_AND_ASSIGN(
      Generator generator,
      Generator::Create(FakeManifest(model_options_), std::make_unique<FakeModel>(other), {}));
  LATHE_ASSERT_OK(generator.Submit({.prompt = {1}}));
  EXPECT_THAT(generator.Step(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("gave 39 logits, expected 40")));
}

}  // namespace
}  // namespace lathe
