#include "runtime/generate/batch.h"

#include "test/support/status_matchers.h"
#include "test/unit/runtime/generate/fake_model.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

TEST(BatchTest, MixesPrefillPiecesAndDecodeRows) {
  std::vector<KvCache> caches;
  caches.push_back(
      KvCache::Create(testing::FakeManifest({.page_tokens = 16}).kv_groups(0), 32).value());
  Sequence prefill(0, {.prompt = {1, 2, 3, 4, 5}, .pieces = {2, 2, 1}}, 100, 4);
  Sequence decode(1, {.prompt = {6, 7}}, 100, 3);
  Sequence all(2,
               {.prompt = {8, 9},
                .max_new_tokens = 1,
                .sampling = {.temperature = 0.5f},
                .keep_prompt_logits = true},
               100, 4);
  Sequence cut(3, {.prompt = std::vector<int32_t>(20, 3), .pieces = {17, 3}}, 100, 2);
  const std::vector<int64_t> promised(caches.size());
  for (Sequence* sequence : {&prefill, &decode, &all, &cut}) {
    ASSERT_TRUE(sequence->Admit(absl::MakeSpan(caches), {.promised = promised, .step_rows = 64}));
  }
  LATHE_ASSERT_OK(prefill.Grow(absl::MakeSpan(caches), 2));
  prefill.Advance(2, {}, {});
  LATHE_ASSERT_OK(decode.Grow(absl::MakeSpan(caches), 2));
  decode.Advance(2, std::vector<float>{0, 0, 1, 0}, {2});
  LATHE_ASSERT_OK(cut.Grow(absl::MakeSpan(caches), 17));
  cut.Advance(17, {}, {});

  std::vector<Piece> pieces = {{&prefill, 4}, {&decode, 3}, {&all, 2}, {&cut, 20}};
  for (const Piece& piece : pieces)
    LATHE_ASSERT_OK(piece.sequence->Grow(absl::MakeSpan(caches), piece.end));
  Batch batch(1);
  for (int repeat = 0; repeat < 2; ++repeat) {
    batch.Build(pieces);
    StepInput input = batch.input();
    EXPECT_THAT(input.tokens, ElementsAre(3, 4, 2, 8, 9, 3, 3, 3));
    EXPECT_THAT(input.positions, ElementsAre(2, 3, 2, 0, 1, 17, 18, 19));
    EXPECT_THAT(input.row_sequence, ElementsAre(0, 0, 1, 2, 2, 3, 3, 3));
    EXPECT_THAT(input.row_offsets, ElementsAre(0, 2, 3, 5, 8));
    EXPECT_THAT(input.logit_rows,
                ElementsAre(2, 3, 4, 7));  // the first piece does not end its prompt
    EXPECT_THAT(input.id_limits, ElementsAre(3, 4, 4, 2));
    std::vector<float> temperatures;
    for (size_t row = 0; row < 4; ++row)
      temperatures.push_back(input.sample_settings[row * sampling::kNumSettings]);
    EXPECT_THAT(temperatures, ElementsAre(-1, -1, 0.5f, -1)) << "a prompt's rows but the last";
    EXPECT_EQ(batch.first_row(3), 5);
    EXPECT_EQ(batch.first_logit_row(0), 0);
    EXPECT_EQ(batch.first_logit_row(1), 0);
    EXPECT_EQ(batch.first_logit_row(3), 3);
    EXPECT_EQ(batch.first_logit_row(4), 4);
    ASSERT_EQ(input.page_tables.size(), 1);
    EXPECT_EQ(input.page_tables[0].num_sequences(), 4);
    EXPECT_EQ(input.page_tables[0].max_pages(), 2);
    EXPECT_EQ(input.page_tables[0].data()[3 * 2 + 1], cut.pages()[0].pages[1]);
  }
}

TEST(BatchTest, AnEmptyStepHasOffsetsToo) {
  Batch batch(0);
  batch.Build({});
  EXPECT_THAT(batch.input().row_offsets, ElementsAre(0));
  EXPECT_TRUE(batch.input().tokens.empty());
}

}  // namespace
}  // namespace lathe
