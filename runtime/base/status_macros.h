// Passing absl::Status up, each boundary adding one piece of context in front:
//   LATHE_ASSIGN_OR_RETURN(Config c, ReadConfig(reader), "config.json of ", dir);
//   LATHE_RETURN_IF_ERROR(CheckShapes(c));
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace lathe {

// `status` with "context: " in front of its message; code and payloads stay.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

namespace internal {
template <typename... Args>
absl::Status AnnotateStatus(const absl::Status& status, const Args&... args) {
  if constexpr (sizeof...(args) == 0) {
    return status;
  } else {
    return Annotate(status, absl::StrCat(args...));
  }
}
}  // namespace internal

#define LATHE_RETURN_IF_ERROR(expr, ...)                                     \
  do {                                                                       \
    ::absl::Status lathe_status = (expr);                                    \
    if (!lathe_status.ok()) {                                                \
      return ::lathe::internal::AnnotateStatus(lathe_status, ##__VA_ARGS__); \
    }                                                                        \
  } while (false)

#define LATHE_CONCAT_INNER_(a, b) a##b
#define LATHE_CONCAT_(a, b) LATHE_CONCAT_INNER_(a, b)

#define LATHE_ASSIGN_OR_RETURN(lhs, expr, ...) \
  LATHE_ASSIGN_OR_RETURN_(LATHE_CONCAT_(lathe_or_, __LINE__), lhs, expr, ##__VA_ARGS__)
#define LATHE_ASSIGN_OR_RETURN_(tmp, lhs, expr, ...)                         \
  auto tmp = (expr);                                                         \
  if (!tmp.ok()) {                                                           \
    return ::lathe::internal::AnnotateStatus(tmp.status(), ##__VA_ARGS__);   \
  }                                                                          \
  lhs = std::move(tmp).value()

}  // namespace lathe
