// What crosses the border of C: status to code and words, structs that may grow, lists into the
// caller's room.
//   LATHE_ASSIGN_OR_RETURN(lathe_request asked, ReadStruct(given, "lathe_request"));
//   return Report(WriteList(ids, out, capacity, count), error);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/base/status_macros.h"
#include "runtime/c_api/lathe.h"

namespace lathe::c_api {

// "NOT_FOUND"; "UNKNOWN" for a number that is no code.
const char* CodeName(lathe_code code);

// The code of `status`; its message goes to `error`, which may be null, cut where a character ends.
lathe_code Report(const absl::Status& status, lathe_error* error);

// InvalidArgument that names the argument when `pointer` is null.
absl::Status CheckGiven(const void* pointer, absl::string_view name);

// A list that C gives as pointer and size. InvalidArgument when it has elements but no address, or
// more than `most` of them.
template <typename T>
absl::StatusOr<absl::Span<const T>> ReadList(const T* values, size_t size, size_t most,
                                             absl::string_view name) {
  if (size > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has ", size, " elements, expected at most ", most));
  }
  if (values == nullptr && size > 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is NULL, but has ", size, " elements"));
  }
  return absl::Span<const T>(values, size);
}

// InvalidArgument for a struct_size that is none, smaller than the struct ever was or larger than
// any will be.
absl::Status CheckStructSize(size_t given, size_t known, absl::string_view name);
// InvalidArgument when one of the `size` bytes is set.
absl::Status CheckUnknownFields(const char* bytes, size_t size, absl::string_view name);

// A struct of the caller, who may know more fields than we do: those must be 0 then, as for
// openat2(2) of Linux. Null: all fields are 0.
template <typename T>
absl::StatusOr<T> ReadStruct(const T* given, absl::string_view name) {
  T value = {};
  value.struct_size = sizeof(T);
  if (given == nullptr) return value;
  const size_t size = given->struct_size;
  LATHE_RETURN_IF_ERROR(CheckStructSize(size, sizeof(T), name));
  const char* bytes = reinterpret_cast<const char*>(given);
  if (size > sizeof(T))
    LATHE_RETURN_IF_ERROR(CheckUnknownFields(bytes + sizeof(T), size - sizeof(T), name));
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// Fills a struct of the caller; fields that only the caller knows become 0.
template <typename T>
absl::Status WriteStruct(T value, T* out, absl::string_view name) {
  LATHE_RETURN_IF_ERROR(CheckGiven(out, name));
  const size_t size = out->struct_size;
  LATHE_RETURN_IF_ERROR(CheckStructSize(size, sizeof(T), name));
  value.struct_size = size;
  char* bytes = reinterpret_cast<char*>(out);
  std::memcpy(bytes, &value, sizeof(T));
  std::memset(bytes + sizeof(T), 0, size - sizeof(T));
  return absl::OkStatus();
}

absl::Status TooSmall(size_t capacity, size_t needed);

// Writes `list` and its size, or its size alone (`out` is null, or too small: OutOfRange).
template <typename T>
absl::Status WriteList(absl::Span<const T> list, T* out, size_t capacity, size_t* count) {
  LATHE_RETURN_IF_ERROR(CheckGiven(count, "count"));
  *count = list.size();
  if (out == nullptr) return absl::OkStatus();
  if (capacity < list.size()) return TooSmall(capacity, list.size());
  std::copy(list.begin(), list.end(), out);
  return absl::OkStatus();
}

// The same for a text, with a NUL behind it that is not counted.
absl::Status WriteText(absl::string_view text, char* out, size_t capacity, size_t* count);

}  // namespace lathe::c_api
