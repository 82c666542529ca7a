#include "runtime/program/profile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProfileTest, SortsByTimeAndDividesWork) {
  Profile profile;
  for (int run = 0; run < 2; ++run) {
    profile.Add(0, "norm", 1'000'000, {.flops = 1000, .bytes = 2'000'000});
    profile.Add(2, "mlp", 3'000'000, {.flops = 6'000'000, .bytes = 3'000'000});
  }
  EXPECT_EQ(profile.total_ns(), 8'000'000);
  const std::string text = profile.Text(10);
  EXPECT_THAT(text, AllOf(HasSubstr("GFLOP/s"), HasSubstr("75.0%"), HasSubstr("25.0%")));
  EXPECT_LT(text.find("mlp"), text.find("norm"));
  const std::string mlp =
      text.substr(text.find("mlp"), text.find('\n', text.find("mlp")) - text.find("mlp"));
  EXPECT_THAT(mlp,
              AllOf(HasSubstr(" 2 "), HasSubstr("6.000"), HasSubstr("2.00"), HasSubstr("1.00")));
  EXPECT_THAT(profile.Text(1), Not(HasSubstr("norm")));
}

TEST(ProfileTest, EmptyIsEmpty) {
  EXPECT_EQ(Profile().total_ns(), 0);
  EXPECT_THAT(Profile().Text(5), HasSubstr("command"));
}

}  // namespace
}  // namespace lathe
