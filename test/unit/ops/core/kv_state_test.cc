#include "ops/core/kv_state.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(KvStateTest, RowsAreFoundWhereTheyWereWritten) {
  KvState state;
  state.Write({"kv", 1}, 2, 3, {{1.0f}, {2.0f}});
  const KvState::Row* row = state.Find({"kv", 1}, 2, 3);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->key[0], 1.0f);
  EXPECT_EQ(row->value[0], 2.0f);
  EXPECT_EQ(state.Find({"kv", 0}, 2, 3), nullptr);
  EXPECT_EQ(state.Find({"other", 1}, 2, 3), nullptr);
  EXPECT_EQ(state.Find({"kv", 1}, 1, 3), nullptr);
  EXPECT_EQ(state.Find({"kv", 1}, 2, 2), nullptr);
}

TEST(KvStateTest, TheLastWriteCounts) {
  KvState state;
  state.Write({"kv", 0}, 0, 0, {{1.0f}, {1.0f}});
  state.Write({"kv", 0}, 0, 0, {{5.0f}, {6.0f}});
  EXPECT_EQ(state.num_rows(), 1);
  EXPECT_EQ(state.Find({"kv", 0}, 0, 0)->value[0], 6.0f);
}

TEST(KvStateTest, TruncateForgetsTheEndOfOneSequence) {
  KvState state;
  for (int64_t layer : {0, 1}) {
    for (int64_t position : {0, 1, 2}) state.Write({"kv", layer}, 7, position, {{0.0f}, {0.0f}});
  }
  state.Write({"kv", 0}, 8, 2, {{0.0f}, {0.0f}});
  state.Truncate(7, 1);
  EXPECT_EQ(state.num_rows(), 3);
  EXPECT_NE(state.Find({"kv", 1}, 7, 0), nullptr);
  EXPECT_EQ(state.Find({"kv", 1}, 7, 1), nullptr);
  EXPECT_NE(state.Find({"kv", 0}, 8, 2), nullptr);
  state.Truncate(7, 0);
  EXPECT_EQ(state.num_rows(), 1);
}

}  // namespace
}  // namespace lathe
