// What a benchmark found: lines with named numbers, as a table for people and as JSON for scripts
// and for a later comparison.
//   Report report;
//   report.Add({"limits/1 thread", {{"read", 17.1, "GB/s"}}});
//   report.Text();  report.Json();
//   LATHE_ASSIGN_OR_RETURN(Report before, Report::FromJson(text, "a.json"));
//   CompareText(before, report);
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/common/machine_limits.h"

namespace lathe {

struct Metric {
  std::string name;
  double value = 0;
  std::string unit;  // "GB/s", "%", "" for a plain number

  bool operator==(const Metric&) const = default;
};

struct ReportLine {
  std::string name;  // "decode/batch 8/1 thread": the key of comparisons
  std::vector<Metric> metrics;
  std::string note = {};  // "bound by reading memory"

  bool operator==(const ReportLine&) const = default;
};

class Report {
 public:
  void Add(ReportLine line) { lines_.push_back(std::move(line)); }
  // Limits of the machine, in the form of tools/common/machine_limits.h, for other commands.
  void AddLimits(const MachineLimits& limits) { limits_.push_back(limits); }
  const std::vector<ReportLine>& lines() const { return lines_; }
  const ReportLine* Find(absl::string_view name) const;

  // One table for each run of lines with the same metrics.
  std::string Text() const;
  std::string Json() const;
  // InvalidArgument with `origin` for a text that Json() does not write.
  static absl::StatusOr<Report> FromJson(absl::string_view text, absl::string_view origin);

 private:
  std::vector<ReportLine> lines_;
  std::vector<MachineLimits> limits_;
};

// Each number that both reports have, and second / first; then the lines that only one has.
std::string CompareText(const Report& first, const Report& second);

// Four significant digits, without an exponent: "0.01234", "17.10", "123400".
std::string ShortNumber(double value);

}  // namespace lathe
