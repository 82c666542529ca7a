#include "frontend/chat/sequences.h"

#include <algorithm>
#include <limits>

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class SequencesTest : public ::testing::Test {
 protected:
  Budget budget_{ChatLimits()};
  Value list_ = Value::List({Value::Int(1), Value::Int(2), Value::Int(3)});
  Value map_ = Value::Map({{"get", Value::Int(1)}, {"k", Value::Int(2)}});
};

TEST_F(SequencesTest, ListsAreNotCopied) {
  EXPECT_EQ(&Iterate(list_, &budget_)->list(), &list_.list());
}

TEST_F(SequencesTest, WhatIsNoSequenceIsNamed) {
  EXPECT_THAT(Iterate(Value::Int(1), &budget_), StatusIs(kInvalid, "a int cannot be iterated"));
  EXPECT_THAT(Length(Value::None(), &budget_), StatusIs(kInvalid, "a none has no length"));
  EXPECT_THAT(Contains(Value::Int(1), Value::Int(1), &budget_),
              StatusIs(kInvalid, "'in' does not work on int and int"));
  EXPECT_THAT(Contains(Value::String("a"), Value::Int(1), &budget_),
              StatusIs(kInvalid, "'in' does not work on int and str"));
  EXPECT_THAT(GetSlice(map_, Value(), Value(), Value(), &budget_),
              StatusIs(kInvalid, "a dict cannot be sliced"));
}

TEST_F(SequencesTest, AttributesComeBeforeKeysAndKeysBeforeIndices) {
  EXPECT_EQ(GetAttribute(map_, "get")->kind(), Value::Kind::kMethod);
  EXPECT_EQ(GetAttribute(map_, "k")->integer(), 2);
  EXPECT_EQ(GetIndex(map_, Value::String("get"), &budget_)->integer(), 1);
  EXPECT_EQ(GetIndex(map_, Value::String("items"), &budget_)->kind(), Value::Kind::kMethod);
  EXPECT_TRUE(GetIndex(list_, Value::Float(1), &budget_)->is_undefined());
}

TEST_F(SequencesTest, IndicesOutsideAreUndefined) {
  absl::int128 huge = std::numeric_limits<uint64_t>::max();
  EXPECT_TRUE(GetIndex(list_, Value::Int(huge), &budget_)->is_undefined());
  EXPECT_TRUE(GetIndex(list_, Value::Int(-4), &budget_)->is_undefined());
  EXPECT_EQ(GetIndex(list_, Value::Int(-3), &budget_)->integer(), 1);
  EXPECT_TRUE(GetIndex(Value::String(""), Value::Int(0), &budget_)->is_undefined());
}

// Python's slice.indices for all small cases: counted by hand from the definition.
TEST_F(SequencesTest, SlicesVisitWhatPythonVisits) {
  for (int64_t begin = -5; begin <= 5; ++begin) {
    for (int64_t end = -5; end <= 5; ++end) {
      for (int64_t step : {-3, -2, -1, 1, 2, 3}) {
        int64_t from = begin < 0 ? begin + 3 : begin;
        int64_t to = end < 0 ? end + 3 : end;
        from = step > 0 ? std::clamp<int64_t>(from, 0, 3) : std::clamp<int64_t>(from, -1, 2);
        to = step > 0 ? std::clamp<int64_t>(to, 0, 3) : std::clamp<int64_t>(to, -1, 2);
        std::vector<int64_t> expected;
        for (int64_t i = from; step > 0 ? i < to : i > to; i += step) expected.push_back(i + 1);
        LATHE_ASSERT_OK_AND_ASSIGN(Value slice, GetSlice(list_, Value::Int(begin), Value::Int(end),
                                                         Value::Int(step), &budget_));
        std::vector<int64_t> found;
        for (const Value& item : slice.list().items) {
          found.push_back(static_cast<int64_t>(item.integer()));
        }
        EXPECT_EQ(found, expected) << begin << ":" << end << ":" << step;
      }
    }
  }
}

TEST_F(SequencesTest, SliceBoundsAreChecked) {
  EXPECT_THAT(GetSlice(list_, Value(), Value(), Value::Int(0), &budget_),
              StatusIs(kInvalid, "a slice's step is 0"));
  EXPECT_THAT(GetSlice(list_, Value::String("a"), Value(), Value(), &budget_),
              StatusIs(kInvalid, "'slice begin' is of type str, expected int"));
  int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(GetSlice(list_, Value(), Value(), Value::Int(lowest), &budget_)->list().items.size(),
            1u);
  EXPECT_EQ(GetSlice(list_, Value::Int(lowest), Value(), Value(), &budget_)->list().items.size(),
            3u);
}

TEST_F(SequencesTest, LoopAttributesAreKnownOrRefused) {
  auto loop = std::make_shared<LoopData>();
  loop->items = list_;
  loop->index0 = 2;
  EXPECT_EQ(GetAttribute(Value::OfLoop(loop), "revindex")->integer(), 1);
  EXPECT_TRUE(GetAttribute(Value::OfLoop(loop), "nextitem")->is_undefined());
  EXPECT_THAT(GetAttribute(Value::OfLoop(loop), "cycle"),
              StatusIs(kInvalid, "'loop.cycle' is not supported"));
}

TEST_F(SequencesTest, ListsAreCharged) {
  Budget budget({.max_built_bytes = 100});
  EXPECT_THAT(Iterate(Value::String("0123456789"), &budget).status().code(),
              absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace lathe
