#include "runtime/base/weight_name.h"

#include <map>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Tensors of f32 whose bytes are 4 times as many letters as they have elements.
class Letters : public TensorSource {
 public:
  void Add(const std::string& name, std::vector<int64_t> shape, const std::string& letters) {
    bytes_[name].clear();
    for (char letter : letters) bytes_[name] += std::string(4, letter);
    views_[name] = {DType::kF32, std::move(shape), bytes_[name]};
  }
  const TensorView* Find(absl::string_view name) const override {
    const auto found = views_.find(std::string(name));
    return found == views_.end() ? nullptr : &found->second;
  }
  std::vector<std::string> Names() const override { return {}; }
  std::string Origin(absl::string_view) const override { return "letters.safetensors"; }

 private:
  std::map<std::string, std::string> bytes_;
  std::map<std::string, TensorView> views_;
};

TEST(WeightNameTest, PlainNamesAreOneTensor) {
  LATHE_ASSERT_OK_AND_ASSIGN(const WeightName name, WeightName::Parse("model.norm.weight"));
  EXPECT_FALSE(name.is_stack());
  EXPECT_EQ(name.rows, std::nullopt);
  EXPECT_EQ(name.TensorOf(0), "model.norm.weight");
  LATHE_ASSERT_OK_AND_ASSIGN(const auto tensors, SourceTensors("model.norm.weight", {3, 2}));
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "model.norm.weight");
  EXPECT_THAT(tensors[0].shape, ElementsAre(3, 2));
}

TEST(WeightNameTest, AStarCountsTensors) {
  Letters source;
  source.Add("e.0.up", {1, 2}, "ab");
  source.Add("e.1.up", {1, 2}, "cd");
  LATHE_ASSERT_OK_AND_ASSIGN(const TensorView part, FindPart(source, "e.*.up", 1));
  EXPECT_EQ(part.bytes, "ccccdddd");
  EXPECT_THAT(part.shape, ElementsAre(1, 2));
  EXPECT_THAT(FindPart(source, "e.*.up", 2).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("weight e.2.up is not in")));
  LATHE_ASSERT_OK_AND_ASSIGN(const auto tensors, SourceTensors("e.*.up", {2, 1, 2}));
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[1].name, "e.1.up");
  EXPECT_THAT(tensors[1].shape, ElementsAre(1, 2));
}

TEST(WeightNameTest, RangesAreRowsOfEachMatrix) {
  Letters source;
  source.Add("both", {2, 3, 1}, "abcdef");
  LATHE_ASSERT_OK_AND_ASSIGN(TensorView part, FindPart(source, "both[0:1]", 0));
  EXPECT_EQ(part.bytes, "aaaa");
  LATHE_ASSERT_OK_AND_ASSIGN(part, FindPart(source, "both[1:3]", 1));
  EXPECT_EQ(part.bytes, "eeeeffff");
  EXPECT_THAT(part.shape, ElementsAre(2, 1));
  for (const auto& [name, index] : {std::pair{"both[1:4]", 0}, {"both[0:1]", 2}}) {
    EXPECT_THAT(FindPart(source, name, index).status(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("letters.safetensors: both: [2, 3, 1] F32, expected at least")));
  }
  LATHE_ASSERT_OK_AND_ASSIGN(const auto tensors, SourceTensors("both[1:3]", {2, 2, 1}));
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "both");
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 3, 1));
}

TEST(WeightNameTest, NamesThatSayNothingAreRefused) {
  for (const char* name : {"a[1:2", "a[2:1]", "a[1:1]", "a[-1:1]", "a[1]", "a[1:2:3]", "a[x:y]",
                           "a.*.b.*", "a.*[0:1]"}) {
    EXPECT_THAT(WeightName::Parse(name).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weight \"a")))
        << name;
  }
}

}  // namespace
}  // namespace lathe
