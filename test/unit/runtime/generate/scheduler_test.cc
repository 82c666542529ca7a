#include "runtime/generate/scheduler.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

class SchedulerTest : public ::testing::Test {
 protected:
  // A sequence with `num_prompt` tokens of which `num_computed` are done; all done = decoding.
  void Add(int64_t num_prompt, int64_t num_computed, std::vector<int64_t> pieces = {}) {
    Request request{.prompt = std::vector<int32_t>(static_cast<size_t>(num_prompt), 1),
                    .pieces = std::move(pieces)};
    running_.push_back(std::make_unique<Sequence>(running_.size(), std::move(request), 4096, 4));
    if (num_computed == 0) return;
    const size_t rows = num_computed == num_prompt ? 1 : 0;
    running_.back()->Advance(num_computed, std::vector<float>(4 * rows, 1.0f),
                             std::vector<int32_t>(rows, 0));
  }

  // [sequence, begin, end) of each piece.
  std::vector<std::vector<int64_t>> Plan(int64_t step_rows) {
    std::vector<std::vector<int64_t>> plan;
    for (const Piece& piece : PlanStep(running_, step_rows)) {
      plan.push_back({piece.sequence->id(), piece.sequence->num_computed(), piece.end});
    }
    return plan;
  }

  std::vector<std::unique_ptr<Sequence>> running_;
};

TEST_F(SchedulerTest, DecodersAlwaysGetTheirRow) {
  for (int i = 0; i < 100; ++i) Add(10, 10);
  EXPECT_EQ(Plan(1).size(), 100);
}

TEST_F(SchedulerTest, PromptsShareWholeBlocksShortOnesFirst) {
  Add(100, 0);
  Add(200, 0);
  Add(50, 0);
  EXPECT_THAT(Plan(256),
              ElementsAre(ElementsAre(0, 0, 100), ElementsAre(1, 0, 64), ElementsAre(2, 0, 50)));
  EXPECT_THAT(Plan(384),
              ElementsAre(ElementsAre(0, 0, 100), ElementsAre(1, 0, 192), ElementsAre(2, 0, 50)));
  EXPECT_THAT(Plan(512),
              ElementsAre(ElementsAre(0, 0, 100), ElementsAre(1, 0, 200), ElementsAre(2, 0, 50)));
}

TEST_F(SchedulerTest, TheOldestGetsHalfHoweverManyShortOnesCome) {
  Add(1000, 0);
  for (int i = 0; i < 20; ++i) Add(64, 0);
  EXPECT_THAT(Plan(256),
              ElementsAre(ElementsAre(0, 0, 128), ElementsAre(1, 0, 64), ElementsAre(2, 0, 64)));
  EXPECT_THAT(Plan(64), ElementsAre(ElementsAre(0, 0, 64)));
}

TEST_F(SchedulerTest, WhatOthersLeaveIsTheOldests) {
  Add(1000, 0);
  Add(64, 0);
  EXPECT_THAT(Plan(512), ElementsAre(ElementsAre(0, 0, 448), ElementsAre(1, 0, 64)));
}

// With smaller pages what is known of a prompt may end inside a block.
TEST_F(SchedulerTest, ABlockThatIsBegunIsEndedFirst) {
  Add(500, 70);
  Add(500, 16);
  EXPECT_THAT(Plan(64), ElementsAre(ElementsAre(0, 70, 128)));
  EXPECT_THAT(Plan(128), ElementsAre(ElementsAre(0, 70, 128), ElementsAre(1, 16, 64)));
}

// Short prompts come without end; all are read in a time that depends on their own length alone.
TEST_F(SchedulerTest, NoneStarves) {
  Add(2000, 0);
  Add(640, 0);
  int64_t num_steps = 0;
  while (!running_[0]->is_decoding() || !running_[1]->is_decoding()) {
    Add(64, 0);
    Add(64, 0);
    Add(64, 0);
    for (const Piece& piece : PlanStep(running_, 256)) {
      const size_t rows = piece.end == piece.sequence->num_tokens() ? 1 : 0;
      piece.sequence->Advance(piece.end, std::vector<float>(4 * rows, 1.0f),
                              std::vector<int32_t>(rows, 0));
    }
    // What decodes is done at once.
    running_.erase(std::remove_if(running_.begin() + 2, running_.end(),
                                  [](const auto& sequence) { return sequence->is_decoding(); }),
                   running_.end());
    ASSERT_LT(++num_steps, 60);
  }
}

TEST_F(SchedulerTest, CutsAreAtAbsoluteMultiples) {
  Add(500, 64);
  EXPECT_THAT(Plan(150), ElementsAre(ElementsAre(0, 64, 192)));
}

TEST_F(SchedulerTest, PrefillGetsOnBesideManyDecoders) {
  for (int i = 0; i < 300; ++i) Add(1, 1);
  Add(500, 0);
  std::vector<std::vector<int64_t>> plan = Plan(128);
  ASSERT_EQ(plan.size(), 301);
  EXPECT_THAT(plan.back(), ElementsAre(300, 0, 64));
}

TEST_F(SchedulerTest, DecodeRowsCountAgainstTheStep) {
  Add(1, 1);
  Add(500, 0);
  EXPECT_THAT(Plan(128), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(1, 0, 64)));
}

TEST_F(SchedulerTest, PiecesOfTheRequestAreKept) {
  Add(200, 37, {37, 100, 63});
  EXPECT_THAT(Plan(64), ElementsAre(ElementsAre(0, 37, 137)));
}

TEST_F(SchedulerTest, NothingRunsWithoutSequences) { EXPECT_TRUE(Plan(64).empty()); }

}  // namespace
}  // namespace lathe
