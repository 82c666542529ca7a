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
  Sequence large(0, {.prompt = std::vector<int32_t>(60, 1), .max_new_tokens = 5}, 100,
                 8);  // 64 tokens: 4 pages and 4
  LATHE_ASSERT_OK(large.Admit(absl::MakeSpan(caches), 64, true));
  EXPECT_EQ(caches[0].num_available(), 0);
  Sequence small(1, {.prompt = {1}, .max_new_tokens = 1}, 100, 8);
  EXPECT_THAT(small.Admit(absl::MakeSpan(caches), 64, true),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("kv")));
  LATHE_ASSERT_OK(large.Grow(absl::MakeSpan(caches), 60));
  large.Release(absl::MakeSpan(caches));
  large.Release(absl::MakeSpan(caches));
  LATHE_ASSERT_OK(caches[1].Reserve(*std::make_unique<PageList>(), 4));  // the second group is full
  EXPECT_THAT(small.Admit(absl::MakeSpan(caches), 64, true),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("kv.window16")));
  EXPECT_EQ(caches[0].num_available(), 4) << "the first group's reservation is given back";
}

}  // namespace
}  // namespace lathe
