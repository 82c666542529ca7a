#include "runtime/generate/sequence.h"

#include <utility>

#include "test/support/status_matchers.h"
#include "test/unit/runtime/generate/fake_model.h"

namespace lathe {
namespace {

using ::lathe::testing::FakeManifest;
using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<float> LogitsFor(int32_t token, size_t vocab_size = 8) {
  std::vector<float> logits(vocab_size, 0.0f);
  logits[static_cast<size_t>(token)] = 1.0f;
  return logits;
}

// A step of one row, which chooses `token`.
void Advance(Sequence& sequence, int64_t end, int32_t token) {
  sequence.Advance(end, LogitsFor(token), {token});
}

std::vector<KvCache> Caches(int64_t num_pages, std::vector<int64_t> windows = {0}) {
  std::vector<KvCache> caches;
  artifact::Manifest manifest = FakeManifest({.windows = std::move(windows), .page_tokens = 16});
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    caches.push_back(KvCache::Create(group, num_pages).value());
  }
  return caches;
}

TEST(SequenceTest, GoesFromPrefillToDecodeToLength) {
  Sequence sequence(0, {.prompt = {1, 2, 3}, .max_new_tokens = 2, .keep_token_logits = true}, 100,
                    8);
  EXPECT_EQ(sequence.max_tokens(), 4);
  EXPECT_FALSE(sequence.is_decoding());
  EXPECT_EQ(sequence.NextEnd(1), 3);
  EXPECT_EQ(sequence.FirstLogitPosition(2), 2);  // none
  EXPECT_EQ(sequence.FirstLogitPosition(3), 2);
  Advance(sequence, 3, 5);
  EXPECT_TRUE(sequence.is_decoding());
  EXPECT_THAT(sequence.tokens(), ElementsAre(1, 2, 3, 5));
  EXPECT_EQ(sequence.NextEnd(1), 4);
  EXPECT_EQ(sequence.FirstLogitPosition(4), 3);
  Advance(sequence, 4, 6);
  ASSERT_TRUE(sequence.is_finished());
  Result result = sequence.TakeResult();
  LATHE_EXPECT_OK(result.status);
  EXPECT_EQ(result.reason, FinishReason::kLength);
  EXPECT_THAT(result.tokens, ElementsAre(5, 6));
  EXPECT_EQ(result.token_logits.size(), 16);
  EXPECT_EQ(result.token_logits[8 + 6], 1.0f);
}

TEST(SequenceTest, StopIdsEndTheTextAndAreNoPartOfIt) {
  Sequence sequence(0, {.prompt = {1}, .stop_ids = {7, 4}}, 100, 8);
  Advance(sequence, 1, 2);
  Advance(sequence, 2, 4);
  Result result = sequence.TakeResult();
  EXPECT_EQ(result.reason, FinishReason::kStopId);
  EXPECT_EQ(result.stop_id, 4);
  EXPECT_THAT(result.tokens, ElementsAre(2));
}

TEST(SequenceTest, TheContextEndsWhatHasNoLengthOfItsOwn) {
  Sequence sequence(0, {.prompt = {1, 2}}, 4, 8);
  EXPECT_EQ(sequence.max_tokens(), 3);
  Advance(sequence, 2, 1);
  EXPECT_FALSE(sequence.is_finished());
  Advance(sequence, 3, 1);
  EXPECT_EQ(sequence.TakeResult().reason, FinishReason::kContext);
}

TEST(SequenceTest, NoNewTokensMeansPrefillAlone) {
  Sequence sequence(0, {.prompt = {1, 2}, .max_new_tokens = 0, .keep_prompt_logits = true}, 2, 8);
  EXPECT_EQ(sequence.FirstLogitPosition(2), 0);
  std::vector<float> logits(16, 1.5f);
  sequence.Advance(2, logits, {0, 0});
  Result result = sequence.TakeResult();
  EXPECT_EQ(result.reason, FinishReason::kLength);
  EXPECT_TRUE(result.tokens.empty());
  EXPECT_EQ(result.prompt_logits, logits);
}

TEST(SequenceTest, PrefillIsCutAtAbsoluteBlocksUnlessTheRequestSaysWhere) {
  Sequence sequence(0, {.prompt = std::vector<int32_t>(200, 1), .max_new_tokens = 1}, 300, 8);
  EXPECT_EQ(sequence.NextEnd(1), 64);
  EXPECT_EQ(sequence.NextEnd(2), 128);
  EXPECT_EQ(sequence.NextEnd(9), 200);
  sequence.Advance(64, {}, {});
  EXPECT_EQ(sequence.NextEnd(1), 128);

  Sequence pieces(0, {.prompt = std::vector<int32_t>(200, 1), .pieces = {37, 100, 63}}, 300, 8);
  EXPECT_EQ(pieces.MaxStepRows(64), 100);
  for (int64_t end : {37, 137, 200}) {
    EXPECT_EQ(pieces.NextEnd(1), end);
    if (end == 200) {
      Advance(pieces, end, 1);
    } else {
      pieces.Advance(end, {}, {});
    }
  }
  EXPECT_EQ(pieces.NextEnd(1), 201);
}

TEST(SequenceTest, KeptPromptLogitsGrowPieceByPiece) {
  Sequence sequence(
      0, {.prompt = {1, 2, 3}, .max_new_tokens = 1, .pieces = {1, 2}, .keep_prompt_logits = true},
      10, 8);
  Advance(sequence, 1, 1);
  EXPECT_EQ(sequence.FirstLogitPosition(3), 1);
  std::vector<float> rows = LogitsFor(2);
  std::vector<float> last = LogitsFor(3);
  rows.insert(rows.end(), last.begin(), last.end());
  sequence.Advance(3, rows, {2, 3});
  Result result = sequence.TakeResult();
  EXPECT_EQ(result.prompt_logits.size(), 24);
  EXPECT_THAT(result.tokens, ElementsAre(3));
}

TEST(SequenceTest, TheLastPromptLogitsAloneAreKept) {
  Sequence sequence(
      0,
      {.prompt = {1, 2, 3, 4}, .max_new_tokens = 1, .pieces = {1, 1, 2}, .last_prompt_logits = 3},
      10, 8);
  EXPECT_EQ(sequence.FirstLogitPosition(1), 1) << "none";
  sequence.Advance(1, {}, {});
  EXPECT_EQ(sequence.FirstLogitPosition(2), 1);
  std::vector<float> expected = LogitsFor(5);
  sequence.Advance(2, expected, {5});
  EXPECT_EQ(sequence.FirstLogitPosition(4), 2);
  std::vector<float> rows = LogitsFor(2);
  const std::vector<float> last = LogitsFor(3);
  rows.insert(rows.end(), last.begin(), last.end());
  sequence.Advance(4, rows, {2, 3});
  const Result result = sequence.TakeResult();
  expected.insert(expected.end(), rows.begin(), rows.end());
  EXPECT_EQ(result.prompt_logits, expected);
  EXPECT_THAT(result.tokens, ElementsAre(3));

  const Sequence all(0, {.prompt = {1, 2}, .max_new_tokens = 1, .last_prompt_logits = 9}, 10, 8);
  EXPECT_EQ(all.FirstLogitPosition(2), 0) << "more than there are";
}

TEST(SequenceTest, LogitsThatAreNoNumbersFailTheRequest) {
  Sequence sequence(0, {.prompt = {1, 2}}, 10, 8);
  sequence.Advance(2, std::vector<float>(8, std::numeric_limits<float>::quiet_NaN()), {-1});
  Result result = sequence.TakeResult();
  EXPECT_EQ(result.reason, FinishReason::kFailed);
  EXPECT_THAT(result.status, StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr("no logit at position 1 is a number")));
}

TEST(SequenceDeathTest, AnIdBeyondTheLimitIsABug) {
  Sequence sequence(0, {.prompt = {1}}, 10, 4);
  EXPECT_EQ(sequence.id_limit(), 4);
  EXPECT_DEATH(Advance(sequence, 1, 4), "id 4 of 4 logits");
}

TEST(SequenceTest, ACallbackMayEndTheRequest) {
  const std::pair<AfterToken, FinishReason> cases[] = {
      {AfterToken::kStop, FinishReason::kStopped},
      {AfterToken::kCancel, FinishReason::kCancelled},
  };
  for (const auto& [after, reason] : cases) {
    auto at_six = [after = after](int32_t token) { return token == 6 ? after : AfterToken::kGoOn; };
    // The token that the callback ends at is also the last one allowed: what it says counts.
    Sequence sequence(0, {.prompt = {1}, .max_new_tokens = 2, .on_token = at_six}, 10, 8);
    Advance(sequence, 1, 5);
    EXPECT_FALSE(sequence.is_finished());
    Advance(sequence, 2, 6);
    Result result = sequence.TakeResult();
    EXPECT_EQ(result.reason, reason);
    EXPECT_THAT(result.tokens, ElementsAre(5, 6));
  }
}

TEST(SequenceTest, TheFirstEndCounts) {
  Sequence sequence(0, {.prompt = {1}}, 10, 8);
  sequence.Finish(FinishReason::kFailed, absl::InternalError("first"));
  sequence.Finish(FinishReason::kCancelled);
  EXPECT_THAT(sequence.TakeResult().status, StatusIs(absl::StatusCode::kInternal, "first"));
}

TEST(SequenceTest, AdmissionTakesAllGroupsOrNone) {
  std::vector<KvCache> caches = Caches(4, {0, 16});
  auto admit = [&caches](Sequence& sequence, int64_t promised) {
    return sequence.Admit(absl::MakeSpan(caches), {.promised = {0, promised}, .step_rows = 64});
  };
  Sequence large(0, {.prompt = std::vector<int32_t>(60, 1), .max_new_tokens = 500}, 1000, 8);
  ASSERT_TRUE(admit(large, 0)) << "the prompt fits";
  EXPECT_EQ(large.NumMissing(caches[0], 0, 64), 4);
  LATHE_ASSERT_OK(large.Grow(absl::MakeSpan(caches), 60));
  EXPECT_EQ(large.NumMissing(caches[0], 0, 64), 0);
  Sequence small(1, {.prompt = {1}, .max_new_tokens = 1}, 100, 8);
  EXPECT_FALSE(admit(small, 0));
  large.Release(absl::MakeSpan(caches));
  large.Release(absl::MakeSpan(caches));
  EXPECT_FALSE(admit(small, 4)) << "promised to others";
  EXPECT_TRUE(admit(small, 3));
  EXPECT_EQ(caches[0].num_available(), 4);
}

// A step that would have needed pages in both groups got them in one.
TEST(SequenceTest, GrowingGoesOnWhereItFailed) {
  std::vector<KvCache> caches = Caches(4, {0, 1000});
  PageList other;
  LATHE_ASSERT_OK(caches[1].Extend(other, 64));
  Sequence sequence(0, {.prompt = std::vector<int32_t>(40, 1)}, 100, 8);
  (void)sequence.Admit(absl::MakeSpan(caches), {.promised = {0, 0}, .step_rows = 64});
  EXPECT_THAT(sequence.Grow(absl::MakeSpan(caches), 40),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("kv.window1000")));
  caches[1].Release(other);
  LATHE_ASSERT_OK(sequence.Grow(absl::MakeSpan(caches), 40));
  for (const PageList& list : sequence.pages()) EXPECT_EQ(list.length, 40);
}

TEST(SequenceTest, PreemptionTakesNoTokenBack) {
  for (Preemption how : {Preemption::kRecompute, Preemption::kCopyOut}) {
    std::vector<KvCache> caches = Caches(8);
    auto admit = [&caches](Sequence& sequence) {
      return sequence.Admit(absl::MakeSpan(caches), {.promised = {0}, .step_rows = 64});
    };
    Sequence sequence(0, {.prompt = std::vector<int32_t>(40, 1), .max_new_tokens = 3}, 100, 8);
    ASSERT_TRUE(admit(sequence));
    LATHE_ASSERT_OK(sequence.Grow(absl::MakeSpan(caches), 40));
    Advance(sequence, 40, 5);
    sequence.Index(absl::MakeSpan(caches));
    EXPECT_TRUE(sequence.is_decoding());
    sequence.Preempt(absl::MakeSpan(caches), how);
    EXPECT_EQ(caches[0].num_available(), 8);
    ASSERT_TRUE(admit(sequence));
    EXPECT_THAT(sequence.tokens().subspan(40), ElementsAre(5));
    if (how == Preemption::kRecompute) {
      EXPECT_EQ(sequence.num_computed(), 32) << "two pages are still known";
      EXPECT_FALSE(sequence.is_decoding());
      EXPECT_EQ(sequence.FirstNewRow(), 40);
    } else {
      EXPECT_EQ(sequence.num_computed(), 40);
      EXPECT_TRUE(sequence.is_decoding());
    }
    EXPECT_EQ(sequence.NextEnd(1), 41);
    EXPECT_EQ(sequence.FirstLogitPosition(41), 40);
    LATHE_ASSERT_OK(sequence.Grow(absl::MakeSpan(caches), 41));
    Advance(sequence, 41, 6);
    LATHE_ASSERT_OK(sequence.Grow(absl::MakeSpan(caches), 42));
    Advance(sequence, 42, 7);
    Result result = sequence.TakeResult();
    EXPECT_THAT(result.tokens, ElementsAre(5, 6, 7));
    EXPECT_EQ(result.num_preempted, 1);
    EXPECT_EQ(result.num_reused, 0);
    sequence.Release(absl::MakeSpan(caches));
    EXPECT_EQ(caches[0].num_available(), 8);
  }
}

// Of a prompt in pieces whose logits are kept, the rows that were kept are not kept again.
TEST(SequenceTest, KeptPromptLogitsAreKeptOnce) {
  std::vector<KvCache> caches = Caches(8);
  Sequence sequence(0,
                    {.prompt = std::vector<int32_t>(40, 1),
                     .max_new_tokens = 2,
                     .pieces = {30, 10},
                     .keep_prompt_logits = true},
                    100, 8);
  auto step = [&](int64_t end) {
    LATHE_ASSERT_OK(sequence.Grow(absl::MakeSpan(caches), end));
    const auto rows = static_cast<size_t>(end - sequence.FirstLogitPosition(end));
    sequence.Advance(end, std::vector<float>(rows * 8, 1.0f), std::vector<int32_t>(rows, 0));
    sequence.Index(absl::MakeSpan(caches));
  };
  auto preempt = [&] {
    sequence.Preempt(absl::MakeSpan(caches), Preemption::kRecompute);
    ASSERT_TRUE(sequence.Admit(absl::MakeSpan(caches), {.promised = {0}, .step_rows = 64}));
  };
  ASSERT_TRUE(sequence.Admit(absl::MakeSpan(caches), {.promised = {0}, .step_rows = 64}));
  step(30);
  preempt();
  EXPECT_EQ(sequence.num_computed(), 16);
  EXPECT_EQ(sequence.NextEnd(1), 30);
  EXPECT_EQ(sequence.FirstLogitPosition(30), 30);
  EXPECT_EQ(sequence.FirstLogitPosition(40), 30);
  step(30);
  step(40);
  preempt();
  EXPECT_EQ(sequence.num_computed(), 32);
  step(41);
  Result result = sequence.TakeResult();
  EXPECT_EQ(result.prompt_logits.size(), 40 * 8);
  EXPECT_EQ(result.tokens.size(), 2);
}

}  // namespace
}  // namespace lathe
