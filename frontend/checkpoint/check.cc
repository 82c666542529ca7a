#include "frontend/checkpoint/check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/checkpoint/finite_scan.h"
#include "runtime/base/float_types.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using Kind = CheckProblem::Kind;

// The search for similar names compares every pair: beyond these numbers the checkpoint is another
// model's, and no name is a slip.
constexpr size_t kMaxSimilarSearches = 20;
constexpr size_t kMaxSimilarCandidates = 2000;

absl::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kMissing:
      return "missing";
    case Kind::kUnexpected:
      return "unexpected";
    case Kind::kWrongShape:
      return "wrong shape";
    case Kind::kWrongType:
      return "wrong type";
    case Kind::kNotFinite:
      return "not finite";
  }
  return "";
}

std::string ShapeText(absl::Span<const int64_t> shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

// "[3, 17]" for the element at `index` of a tensor, row major.
std::string ElementText(const TensorView& tensor, uint64_t index) {
  std::vector<int64_t> position(tensor.shape.size());
  for (size_t axis = position.size(); axis-- > 0;) {
    const auto extent = static_cast<uint64_t>(tensor.shape[axis]);
    position[axis] = static_cast<int64_t>(index % extent);
    index /= extent;
  }
  return ShapeText(position);
}

// What nobody expects and nobody allows.
std::vector<std::string> UnexpectedNames(const std::vector<std::string>& present,
                                         absl::Span<const ExpectedTensor> expected,
                                         absl::Span<const std::string> ignorable) {
  std::set<absl::string_view> known;
  for (const ExpectedTensor& tensor : expected) known.insert(tensor.name);
  std::vector<std::string> unexpected;
  for (const std::string& name : present) {
    const bool may_be_there =
        known.count(name) != 0 ||
        std::any_of(ignorable.begin(), ignorable.end(),
                    [&](const std::string& pattern) { return MatchesPattern(name, pattern); });
    if (!may_be_there) unexpected.push_back(name);
  }
  return unexpected;
}

void CheckValues(const TensorSource& source, absl::Span<const ExpectedTensor* const> present,
                 int threads, CheckReport& report) {
  std::vector<const TensorView*> views;
  for (const ExpectedTensor* tensor : present) views.push_back(source.Find(tensor->name));
  const std::vector<NonFinite> found = ScanForNonFinite(views, threads);
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].count == 0) continue;
    const bool is_nan =
        std::isnan(LoadAsF32(views[i]->dtype, views[i]->bytes.data(), found[i].first));
    report.problems.push_back(
        {Kind::kNotFinite, present[i]->name, source.Origin(present[i]->name),
         absl::StrCat(found[i].count, " of ", views[i]->num_elements(),
                      " values are not finite, the first is ", is_nan ? "NaN" : "infinite", " at ",
                      ElementText(*views[i], found[i].first))});
  }
}

void CheckShape(const TensorSource& source, const ExpectedTensor& expected, const TensorView& found,
                CheckReport& report) {
  if (found.shape == expected.shape) return;
  report.problems.push_back(
      {Kind::kWrongShape, expected.name, source.Origin(expected.name),
       absl::StrCat("shape ", ShapeText(found.shape), ", expected ", ShapeText(expected.shape),
                    expected.reason.empty() ? "" : absl::StrCat(" (", expected.reason, ")"))});
}

void CheckType(const TensorSource& source, const ExpectedTensor& expected, const TensorView& found,
               CheckReport& report) {
  const std::vector<DType>& dtypes = expected.dtypes;
  if (dtypes.empty() || std::find(dtypes.begin(), dtypes.end(), found.dtype) != dtypes.end())
    return;
  const auto append = [](std::string* out, DType dtype) { absl::StrAppend(out, DTypeName(dtype)); };
  report.problems.push_back({Kind::kWrongType, expected.name, source.Origin(expected.name),
                             absl::StrCat("type ", DTypeName(found.dtype), ", expected ",
                                          absl::StrJoin(dtypes, " or ", append))});
}

void ReportMissing(const TensorSource& source, absl::Span<const ExpectedTensor* const> missing,
                   absl::Span<const std::string> unexpected, CheckReport& report) {
  const auto candidates = unexpected.subspan(0, kMaxSimilarCandidates);
  for (size_t i = 0; i < missing.size(); ++i) {
    const std::string nearest =
        i < kMaxSimilarSearches ? Nearest(missing[i]->name, candidates) : "";
    report.problems.push_back({Kind::kMissing, missing[i]->name, source.Origin(missing[i]->name),
                               nearest.empty() ? "" : absl::StrCat("is ", nearest, " meant?")});
  }
}

std::string LineOf(const CheckProblem& problem) {
  return absl::StrCat(problem.file.empty() ? "" : absl::StrCat(problem.file, ": "), problem.tensor,
                      problem.text.empty() ? "" : ": ", problem.text);
}

void AppendByKind(const std::vector<CheckProblem>& problems, absl::string_view label, size_t limit,
                  std::string& text) {
  for (size_t begin = 0; begin < problems.size();) {
    size_t end = begin;
    while (end < problems.size() && problems[end].kind == problems[begin].kind) ++end;
    absl::StrAppend(&text, label, KindName(problems[begin].kind), " (", end - begin, "):\n");
    for (size_t i = begin; i < std::min(end, begin + limit); ++i) {
      absl::StrAppend(&text, "  ", LineOf(problems[i]), "\n");
    }
    if (end - begin > limit) absl::StrAppend(&text, "  and ", end - begin - limit, " more\n");
    begin = end;
  }
}

}  // namespace

bool MatchesPattern(absl::string_view name, absl::string_view pattern) {
  size_t n = 0, p = 0;
  // Where to go on when the text after the last star does not fit: the star takes one more
  // character.
  size_t star = absl::string_view::npos, star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

CheckReport CheckTensors(const TensorSource& source, absl::Span<const ExpectedTensor> expected,
                         const CheckOptions& options) {
  CheckReport report;
  const std::vector<std::string> unexpected =
      UnexpectedNames(source.Names(), expected, options.ignorable);
  std::vector<const ExpectedTensor*> present;
  std::vector<const ExpectedTensor*> missing;
  for (const ExpectedTensor& tensor : expected) {
    const TensorView* found = source.Find(tensor.name);
    if (found != nullptr) {
      present.push_back(&tensor);
      ++report.num_tensors;
      report.num_bytes += found->bytes.size();
    } else if (!tensor.is_optional) {
      missing.push_back(&tensor);
    }
  }
  ReportMissing(source, missing, unexpected, report);
  std::vector<CheckProblem>& unused = options.allow_unused ? report.warnings : report.problems;
  for (const std::string& name : unexpected) {
    unused.push_back({Kind::kUnexpected, name, source.Origin(name), Describe(*source.Find(name))});
  }
  for (const auto* tensor : present)
    CheckShape(source, *tensor, *source.Find(tensor->name), report);
  for (const auto* tensor : present) CheckType(source, *tensor, *source.Find(tensor->name), report);
  if (options.scan_values) CheckValues(source, present, options.threads, report);
  return report;
}

std::string CheckReport::Text(size_t limit) const {
  std::string text =
      absl::StrCat(num_tensors, " tensors, ", HumanBytes(num_bytes), ": ",
                   ok() ? "no problems" : absl::StrCat(problems.size(), " problems"), "\n");
  AppendByKind(problems, "", limit, text);
  AppendByKind(warnings, "warning: ", limit, text);
  return text;
}

absl::Status CheckReport::ToStatus() const {
  return ok() ? absl::OkStatus() : absl::InvalidArgumentError(Text());
}

}  // namespace lathe
