// Matchers for absl::Status and StatusOr, and the assertions that use them.
//   LATHE_ASSERT_OK_AND_ASSIGN(auto file, MappedFile::Open(path));
//   EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("model.safetensors")));
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/status_macros.h"

namespace lathe::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, "is OK") {
  absl::Status status = StatusOf(arg);
  if (!status.ok()) *result_listener << status.ToString();
  return status.ok();
}

MATCHER_P2(StatusIs, code, message,
           "is " + absl::StatusCodeToString(code) + " with a message that " +
               ::testing::DescribeMatcher<std::string>(message)) {
  absl::Status status = StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

#define LATHE_EXPECT_OK(expr) EXPECT_THAT(expr, ::lathe::testing::IsOk())
#define LATHE_ASSERT_OK(expr) ASSERT_THAT(expr, ::lathe::testing::IsOk())

#define LATHE_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  LATHE_ASSERT_OK_AND_ASSIGN_(LATHE_CONCAT_(lathe_or_, __LINE__), lhs, expr)
#define LATHE_ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr) \
  auto tmp = (expr);                                \
  ASSERT_TRUE(tmp.ok()) << tmp.status().ToString(); \
  lhs = std::move(tmp).value()

}  // namespace lathe::testing
