#include "tools/common/machine_limits.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kTwo[] =
    R"({"machine": "m", "limits": [
      {"threads": 1, "read_bytes_per_second": 2.5e10, "fma_flops_per_second": 100000000000,
       "vnni_ops_per_second": null},
      {"threads": 2, "read_bytes_per_second": 3e10, "fma_flops_per_second": 2e11}]})";

TEST(MachineLimitsTest, AreChosenByTheNumberOfThreads) {
  const std::string path = testing::TempDir() + "/limits.json";
  testing::WriteFileOrDie(path, kTwo);
  LATHE_ASSERT_OK_AND_ASSIGN(Roofline one, ReadMachineLimits(path, 1));
  EXPECT_EQ(one.bytes_per_second, 2.5e10);
  EXPECT_EQ(one.flops_per_second, 1e11);
  LATHE_ASSERT_OK_AND_ASSIGN(Roofline two, ReadMachineLimits(path, 2));
  EXPECT_EQ(two.flops_per_second, 2e11);
  EXPECT_THAT(ReadMachineLimits(path, 4),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(path + " holds no limits for 4 threads, only for 1, 2"),
                             HasSubstr("lathe bench --limits --threads=4"))));
  EXPECT_THAT(ReadMachineLimits(path + "x", 1),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path + "x")));
}

TEST(MachineLimitsTest, WhatIsNoneIsToldByPlace) {
  auto refused = [](const char* json, const char* message) {
    EXPECT_THAT(ParseMachineLimits(json, "l.json"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused("[", "l.json");
  refused("[]", "l.json: limits is missing, expected a list");
  refused(R"({"limits": []})", "l.json: limits is a list of 0");
  refused(R"({"limits": [1]})", "l.json: limits[0] is the number 1, expected an object");
  refused(R"({"limits": [{"threads": 0}]})", "limits[0].threads is the number 0, expected a whole");
  refused(R"({"limits": [{"threads": 1}]})",
          "limits[0].read_bytes_per_second is missing, expected a number above 0; `lathe bench");
  refused(R"({"limits": [{"threads": 1, "read_bytes_per_second": 1,
                          "fma_flops_per_second": "fast"}]})",
          "limits[0].fma_flops_per_second is the string \"fast\"");
}

}  // namespace
}  // namespace lathe
