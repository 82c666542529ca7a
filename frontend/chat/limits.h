// What one rendering may cost. Templates and conversations are foreign bytes: every loop, every
// string and every list that a template makes is charged here, so that no template can hang or
// exhaust the process.
//   LATHE_RETURN_IF_ERROR(budget.Step());
//   LATHE_RETURN_IF_ERROR(budget.Build(text.size()));
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace lathe {

struct ChatLimits {
  int64_t max_steps = 10'000'000;  // nodes evaluated, elements visited, 64-byte pieces of text read
  int64_t max_output_bytes = 64 << 20;  // the rendered text
  int64_t max_built_bytes = 256 << 20;  // all intermediate strings and lists together
  int max_depth = 400;  // nodes of the template inside each other, macro calls included
};

// Nesting of a template's syntax and of a value's lists and mappings; both bound the recursion of
// our own code.
inline constexpr int kMaxSyntaxDepth = 200;
inline constexpr int kMaxValueDepth = 200;

class Budget {
 public:
  explicit Budget(const ChatLimits& limits) : limits_(limits) {}

  absl::Status Step(int64_t count = 1);
  // Reading `bytes` of text in one operation (a search, a comparison).
  absl::Status Scan(size_t bytes) { return Step(static_cast<int64_t>(bytes / 64)); }
  absl::Status Build(size_t bytes);
  absl::Status Output(size_t bytes);

  // Entering and leaving one level of evaluation.
  absl::Status Enter();
  void Leave() { --depth_; }

 private:
  ChatLimits limits_;
  int64_t steps_ = 0;
  int64_t built_bytes_ = 0;
  int64_t output_bytes_ = 0;
  int depth_ = 0;
};

}  // namespace lathe
