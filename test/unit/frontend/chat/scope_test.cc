#include "frontend/chat/scope.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ScopeTest, InnerScopesHideAndDoNotChangeOuterOnes) {
  Scope outer(nullptr);
  outer.Set("a", Value::Int(1));
  outer.Set("b", Value::Int(2));
  Scope inner(&outer);
  inner.Set("a", Value::Int(3));
  inner.Set("a", Value::Int(4));
  ASSERT_NE(inner.Find("a"), nullptr);
  EXPECT_EQ(inner.Find("a")->integer(), 4);
  EXPECT_EQ(inner.Find("b")->integer(), 2);
  EXPECT_EQ(outer.Find("a")->integer(), 1);
  EXPECT_EQ(inner.Find("c"), nullptr);
}

}  // namespace
}  // namespace lathe
