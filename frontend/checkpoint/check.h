// Compares the tensors of a checkpoint with those that a model needs and reports all differences at
// once.
//   CheckReport report = CheckTensors(*tensors, expected, {.ignorable =
//   {"*.rotary_emb.inv_freq"}}); if (!report.ok()) std::cerr << report.Text();
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/dtype.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<DType> dtypes = {};  // any of these; empty = every type
  bool is_optional = false;
  std::string reason = {};  // where the shape comes from ("intermediate_size"), for messages
};

struct CheckOptions {
  // Names that may be there without being expected; '*' stands for any characters.
  std::vector<std::string> ignorable = {};
  // Unexpected tensors become warnings (--allow-unused).
  bool allow_unused = false;
  // Reads all expected tensors and reports NaN and infinity.
  bool scan_values = false;
  int threads = 0;  // for the scan; 0 = one for each CPU that may be used
};

struct CheckProblem {
  enum class Kind : uint8_t { kMissing, kUnexpected, kWrongShape, kWrongType, kNotFinite };
  Kind kind;
  std::string tensor;
  std::string file;
  std::string text;  // "shape [512, 2048], expected [768, 2048] (intermediate_size)"
};

struct CheckReport {
  std::vector<CheckProblem> problems;  // by kind, then in the order of `expected` or by name
  std::vector<CheckProblem> warnings;
  size_t num_tensors = 0;  // found of those expected
  uint64_t num_bytes = 0;  // of these

  bool ok() const { return problems.empty(); }
  // A line of summary, then the problems by kind, at most `limit` of each kind.
  std::string Text(size_t limit = 20) const;
  // OK, or InvalidArgument with Text().
  absl::Status ToStatus() const;
};

CheckReport CheckTensors(const TensorSource& source, absl::Span<const ExpectedTensor> expected,
                         const CheckOptions& options = {});

// True when `name` is `pattern`, where each '*' stands for any characters, none included.
bool MatchesPattern(absl::string_view name, absl::string_view pattern);

}  // namespace lathe
