#include "tools/lathe_run/result_sink.h"

#include <unistd.h>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

std::string Written(bool is_ordered, const std::vector<int64_t>& places) {
  const std::string path = testing::TempDir() + "/out";
  absl::StatusOr<ResultSink> made = ResultSink::Create(path, is_ordered);
  LATHE_EXPECT_OK(made.status());
  ResultSink& sink = *made;
  for (int64_t place : places) LATHE_EXPECT_OK(sink.Add(place, std::to_string(place)));
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "before it is whole";
  LATHE_EXPECT_OK(sink.Finish());
  return testing::ReadFileOrDie(path);
}

TEST(ResultSinkTest, AsTheyComeOrInTheirOrder) {
  EXPECT_EQ(Written(false, {2, 0, 1, 3}), "2013");
  EXPECT_EQ(Written(true, {2, 0, 1, 3}), "0123");
}

TEST(ResultSinkTest, WhatMissesItsPredecessorIsWrittenAtTheEnd) {
  EXPECT_EQ(Written(true, {0, 4, 2}), "024");
}

TEST(ResultSinkTest, TextsThatWaitAreCounted) {
  LATHE_ASSERT_OK_AND_ASSIGN(ResultSink sink,
                             ResultSink::Create(testing::TempDir() + "/out", true));
  LATHE_EXPECT_OK(sink.Add(1, "b"));
  LATHE_EXPECT_OK(sink.Add(2, "c"));
  EXPECT_EQ(sink.num_held(), 2u);
  LATHE_EXPECT_OK(sink.Add(0, "a"));
  EXPECT_EQ(sink.num_held(), 0u);
}

TEST(ResultSinkTest, WithoutAFileItIsStdout) {
  ::testing::internal::CaptureStdout();
  LATHE_ASSERT_OK_AND_ASSIGN(ResultSink sink, ResultSink::Create(std::nullopt, false));
  LATHE_EXPECT_OK(sink.Add(1, "b\n"));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "b\n");
  LATHE_EXPECT_OK(sink.Finish());
}

TEST(ResultSinkTest, AFileThatCannotBeMadeIsNamed) {
  EXPECT_THAT(ResultSink::Create("/no/such/folder/x", false),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("--output: ")));
}

}  // namespace
}  // namespace lathe
