#include "ops/attention/attention_reference.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::RandomFloats;
using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

const KvHandle kLayer = {"kv", 0};

TEST(KvWriteReferenceTest, RoundsAndDropsRows) {
  KvState state;
  KvLayout layout = {.kv_heads = 1, .head_dim = 2, .dtype = DType::kBF16, .window = 0};
  HostTensor key = HostTensor::Floats({3, 1, 2}, {1.00390625f, 2, 3, 4, 5, 6});
  KvWriteReference(key, key, HostTensor::Ints({3}, {5, -1, 0}), HostTensor::Ints({3}, {2, 0, -1}),
                   layout, kLayer, state);
  EXPECT_EQ(state.num_rows(), 1);
  ASSERT_NE(state.Find(kLayer, 2, 5), nullptr);
  EXPECT_THAT(state.Find(kLayer, 2, 5)->key, ElementsAre(1.0f, 2.0f));
}

class AttentionReferenceTest : public ::testing::Test {
 protected:
  // Keys 0 and ln 3 on one component: weights 1/4 and 3/4 for a query of 1.
  AttentionReferenceTest() {
    HostTensor key = HostTensor::Floats({2, 1, 1}, {0.0f, std::log(3.0f)});
    HostTensor value = HostTensor::Floats({2, 1, 1}, {8, 16});
    KvWriteReference(key, value, HostTensor::Ints({2}, {0, 1}), HostTensor::Ints({2}, {0, 0}),
                     layout_, kLayer, state_);
  }
  absl::StatusOr<HostTensor> Attend(std::vector<float> query, std::vector<int32_t> positions,
                                    int64_t heads = 1, int32_t sequence = 0, double scale = 1.0) {
    auto rows = static_cast<int64_t>(positions.size());
    return AttentionReference(HostTensor::Floats({rows, heads, 1}, std::move(query)),
                              HostTensor::Ints({rows}, std::move(positions)),
                              HostTensor::Ints({rows}, std::vector<int32_t>(rows, sequence)),
                              layout_, kLayer, state_, scale);
  }
  KvLayout layout_ = {.kv_heads = 1, .head_dim = 1, .dtype = DType::kF32, .window = 0};
  KvState state_;
};

TEST_F(AttentionReferenceTest, ByHandAndCausal) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({1, 1}, {0, 1}));
  EXPECT_THAT(y.floats(), ElementsAre(8.0f, FloatEq(14.0f)));
}

TEST_F(AttentionReferenceTest, ScaleMultipliesTheScores) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({0.5f}, {1}, 1, 0, 2.0));
  EXPECT_THAT(y.floats(), ElementsAre(FloatEq(14.0f)));
}

TEST_F(AttentionReferenceTest, QueryHeadsShareAKeyHead) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({1, 0}, {1}, 2));
  EXPECT_THAT(y.floats(), ElementsAre(FloatEq(14.0f), FloatEq(12.0f)));
}

TEST_F(AttentionReferenceTest, AWindowHidesOldKeys) {
  layout_.window = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({1}, {1}));
  EXPECT_THAT(y.floats(), ElementsAre(16.0f));
}

TEST_F(AttentionReferenceTest, LargeScoresDoNotOverflow) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({1e4f}, {1}));
  EXPECT_THAT(y.floats(), ElementsAre(16.0f));
}

TEST_F(AttentionReferenceTest, DroppedRowsGiveZeros) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, Attend({1}, {-1}));
  EXPECT_THAT(y.floats(), ElementsAre(0.0f));
  LATHE_ASSERT_OK_AND_ASSIGN(y, Attend({1}, {0}, 1, -1));
  EXPECT_THAT(y.floats(), ElementsAre(0.0f));
}

TEST_F(AttentionReferenceTest, AMissingKeyIsNamed) {
  EXPECT_THAT(Attend({1}, {2}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cache kv, layer 0: sequence 0 has no key at position 2")));
  EXPECT_THAT(Attend({1}, {0}, 1, 4),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sequence 4")));
}

TEST(AttentionHeadsTest, KeyHeadsAreUsedInOrder) {
  // Four query heads over two key-value heads of one key each: the values come through unchanged.
  KvLayout layout = {.kv_heads = 2, .head_dim = 1, .dtype = DType::kF32, .window = 0};
  KvState state;
  HostTensor value = HostTensor::Floats({1, 2, 1}, {3, 5});
  KvWriteReference(value, value, HostTensor::Ints({1}, {0}), HostTensor::Ints({1}, {0}), layout,
                   kLayer, state);
  LATHE_ASSERT_OK_AND_ASSIGN(
      HostTensor y, AttentionReference(RandomFloats({1, 4, 1}, 1), HostTensor::Ints({1}, {0}),
                                       HostTensor::Ints({1}, {0}), layout, kLayer, state, 1.0));
  EXPECT_THAT(y.floats(), ElementsAre(3, 3, 5, 5));
}

}  // namespace
}  // namespace lathe
