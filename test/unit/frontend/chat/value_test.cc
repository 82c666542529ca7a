#include "frontend/chat/value.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ValueTest, KindsAndTypeNames) {
  EXPECT_EQ(Value().TypeName(), "undefined");
  EXPECT_EQ(Value::None().TypeName(), "none");
  EXPECT_EQ(Value::Bool(true).TypeName(), "bool");
  EXPECT_EQ(Value::Int(1).TypeName(), "int");
  EXPECT_EQ(Value::Float(1).TypeName(), "float");
  EXPECT_EQ(Value::String("a").TypeName(), "str");
  EXPECT_EQ(Value::List({}).TypeName(), "list");
  EXPECT_EQ(Value::Tuple({}).TypeName(), "tuple");
  EXPECT_EQ(Value::Map({}).TypeName(), "dict");
  Namespace ns;
  EXPECT_EQ(Value::OfNamespace(&ns).kind(), Value::Kind::kNamespace);
  EXPECT_EQ(Value::OfMethod(Value::String("a"), nullptr).kind(), Value::Kind::kMethod);
}

TEST(ValueTest, TruthIsThatOfPython) {
  EXPECT_FALSE(Value().Truthy());
  EXPECT_FALSE(Value::None().Truthy());
  EXPECT_FALSE(Value::Int(0).Truthy());
  EXPECT_FALSE(Value::Float(0).Truthy());
  EXPECT_FALSE(Value::String("").Truthy());
  EXPECT_FALSE(Value::List({}).Truthy());
  EXPECT_FALSE(Value::Map({}).Truthy());
  EXPECT_TRUE(Value::Int(-1).Truthy());
  EXPECT_TRUE(Value::String("0").Truthy());
  EXPECT_TRUE(Value::List({Value()}).Truthy());
}

TEST(ValueTest, BoolsAreIntegers) {
  EXPECT_TRUE(Value::Bool(true).is_integral());
  EXPECT_EQ(Value::Bool(true).integer(), 1);
  EXPECT_EQ(Value::Int(3).number(), 3.0);
}

TEST(ValueTest, DepthCountsContainers) {
  Value list = Value::List({Value::Map({{"k", Value::Tuple({})}}), Value::Int(1)});
  EXPECT_EQ(list.depth(), 3);
  EXPECT_EQ(Value::Int(1).depth(), 0);
  auto loop = std::make_shared<LoopData>();
  loop->items = list;
  EXPECT_EQ(Value::OfLoop(loop).depth(), 4);
}

TEST(ValueTest, MapsKeepOrderAndTheLastOfEqualKeys) {
  Value map = Value::Map({{"b", Value::Int(1)}, {"a", Value::Int(2)}, {"b", Value::Int(3)}});
  ASSERT_EQ(map.map().entries().size(), 2u);
  EXPECT_EQ(map.map().entries()[0].first, "b");
  EXPECT_EQ(map.map().Find("b")->integer(), 3);
  EXPECT_EQ(map.map().Find("c"), nullptr);
}

TEST(ValueTest, LargeMapsFindAllKeys) {
  Value::Entries entries;
  for (int i = 0; i < 1000; ++i) entries.emplace_back(absl::StrCat("k", i % 500), Value::Int(i));
  Value map = Value::Map(std::move(entries));
  ASSERT_EQ(map.map().entries().size(), 500u);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(map.map().Find(absl::StrCat("k", i))->integer(), i + 500);
    EXPECT_EQ(map.map().entries()[static_cast<size_t>(i)].first, absl::StrCat("k", i));
  }
  EXPECT_EQ(map.map().Find("k500"), nullptr);
}

TEST(ValueTest, NamespacesChange) {
  Namespace ns;
  ns.Set("a", Value::Int(1));
  ns.Set("a", Value::Int(2));
  ASSERT_NE(ns.Find("a"), nullptr);
  EXPECT_EQ(ns.Find("a")->integer(), 2);
  EXPECT_EQ(ns.entries.size(), 1u);
  EXPECT_EQ(ns.Find("b"), nullptr);
}

TEST(ValueTest, IntegersFit64Bits) {
  EXPECT_TRUE(FitsInt(std::numeric_limits<uint64_t>::max()));
  EXPECT_TRUE(FitsInt(std::numeric_limits<int64_t>::min()));
  EXPECT_FALSE(FitsInt(absl::int128(std::numeric_limits<uint64_t>::max()) + 1));
  EXPECT_FALSE(FitsInt(absl::int128(std::numeric_limits<int64_t>::min()) - 1));
}

}  // namespace
}  // namespace lathe
