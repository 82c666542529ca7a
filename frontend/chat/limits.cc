#include "frontend/chat/limits.h"

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

absl::Status Exceeded(absl::string_view what, absl::string_view limit, int64_t value) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the template ", what, " (limit ", limit, " = ", value, ")"));
}

}  // namespace

absl::Status Budget::Step(int64_t count) {
  steps_ += count;
  if (steps_ <= limits_.max_steps) return absl::OkStatus();
  return Exceeded("takes too many steps", "max_steps", limits_.max_steps);
}

absl::Status Budget::Build(size_t bytes) {
  built_bytes_ += static_cast<int64_t>(bytes);
  if (built_bytes_ <= limits_.max_built_bytes) return absl::OkStatus();
  return Exceeded("builds too much intermediate text", "max_built_bytes", limits_.max_built_bytes);
}

absl::Status Budget::Output(size_t bytes) {
  output_bytes_ += static_cast<int64_t>(bytes);
  if (output_bytes_ <= limits_.max_output_bytes) return absl::OkStatus();
  return Exceeded("writes too much text", "max_output_bytes", limits_.max_output_bytes);
}

absl::Status Budget::Enter() {
  if (++depth_ <= limits_.max_depth) return absl::OkStatus();
  return Exceeded("nests too deeply", "max_depth", limits_.max_depth);
}

}  // namespace lathe
