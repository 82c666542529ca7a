#include "runtime/c_api/border.h"

namespace lathe::c_api {
namespace {

// No struct of ours comes near it; a size above it was never set.
constexpr size_t kMaxStructBytes = 4096;

struct Code {
  lathe_code code;
  absl::StatusCode status;
  const char* name;
};
constexpr Code kCodes[] = {
    {LATHE_OK, absl::StatusCode::kOk, "OK"},
    {LATHE_CANCELLED, absl::StatusCode::kCancelled, "CANCELLED"},
    {LATHE_INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT"},
    {LATHE_NOT_FOUND, absl::StatusCode::kNotFound, "NOT_FOUND"},
    {LATHE_PERMISSION_DENIED, absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED"},
    {LATHE_RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED"},
    {LATHE_FAILED_PRECONDITION, absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION"},
    {LATHE_OUT_OF_RANGE, absl::StatusCode::kOutOfRange, "OUT_OF_RANGE"},
    {LATHE_UNIMPLEMENTED, absl::StatusCode::kUnimplemented, "UNIMPLEMENTED"},
    {LATHE_INTERNAL, absl::StatusCode::kInternal, "INTERNAL"},
    {LATHE_UNAVAILABLE, absl::StatusCode::kUnavailable, "UNAVAILABLE"},
    {LATHE_DATA_LOSS, absl::StatusCode::kDataLoss, "DATA_LOSS"},
};

bool IsInsideCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

const char* CodeName(lathe_code code) {
  for (const Code& each : kCodes)
    if (each.code == code) return each.name;
  return "UNKNOWN";
}

lathe_code Report(const absl::Status& status, lathe_error* error) {
  if (error != nullptr) {
    const absl::string_view text = status.message();
    size_t size = std::min(text.size(), sizeof(error->text) - 1);
    while (size < text.size() && size > 0 && IsInsideCharacter(text[size])) --size;
    std::copy_n(text.data(), size, error->text);
    error->text[size] = '\0';
  }
  for (const Code& each : kCodes)
    if (each.status == status.code()) return each.code;
  return LATHE_UNKNOWN;
}

absl::Status CheckGiven(const void* pointer, absl::string_view name) {
  if (pointer != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is NULL"));
}

absl::Status CheckStructSize(size_t given, size_t known, absl::string_view name) {
  if (given >= known && given <= kMaxStructBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "struct_size of ", name, " is ", given, ", expected ", known, ": set it to sizeof(", name,
      ") of the lathe.h that the program is compiled with"));
}

absl::Status CheckUnknownFields(const char* bytes, size_t size, absl::string_view name) {
  if (std::all_of(bytes, bytes + size, [](char byte) { return byte == 0; }))
    return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(name, " has fields that are set and that this library (ABI ", LATHE_ABI_VERSION,
                   ") does not know; leave them 0 or use a newer library"));
}

absl::Status TooSmall(size_t capacity, size_t needed) {
  return absl::OutOfRangeError(
      absl::StrCat("the buffer has room for ", capacity, " elements, ", needed, " are needed"));
}

absl::Status WriteText(absl::string_view text, char* out, size_t capacity, size_t* count) {
  LATHE_RETURN_IF_ERROR(CheckGiven(count, "count"));
  *count = text.size();
  if (out == nullptr) return absl::OkStatus();
  if (capacity <= text.size()) return TooSmall(capacity, text.size() + 1);
  std::copy(text.begin(), text.end(), out);
  out[text.size()] = '\0';
  return absl::OkStatus();
}

}  // namespace lathe::c_api
