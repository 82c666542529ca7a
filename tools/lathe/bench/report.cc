#include "tools/lathe/bench/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "frontend/json/json_value.h"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using Row = std::vector<std::string>;

// The version of the JSON that is written and read.
constexpr int64_t kJsonVersion = 1;

// Columns side by side, the first to the left and numbers to the right; a cell without a header is
// a note, which stands behind them.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(rows[0].size());
    for (size_t i = 0; i < std::min(row.size(), widths.size()); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(i < widths.size() ? widths[i] - row[i].size() : 0, ' ');
      if (i > 0) line += "  ";
      line += i == 0 ? row[i] + padding : padding + row[i];
    }
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

std::string Header(const Metric& metric) {
  return metric.unit.empty() ? metric.name : absl::StrCat(metric.name, ", ", metric.unit);
}

bool SameColumns(const ReportLine& a, const ReportLine& b) {
  return std::equal(
      a.metrics.begin(), a.metrics.end(), b.metrics.begin(), b.metrics.end(),
      [](const Metric& x, const Metric& y) { return x.name == y.name && x.unit == y.unit; });
}

absl::Status Unfit(absl::string_view where, absl::string_view expected, const JsonValue* found) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": expected ", expected, ", found ",
                                                 found == nullptr ? "nothing" : Describe(*found)));
}

absl::StatusOr<std::string> TextOf(const JsonValue& object, absl::string_view key,
                                   absl::string_view where) {
  const JsonValue* value = object.Find(key);
  if (value == nullptr || value->kind != JsonValue::Kind::kString)
    return Unfit(absl::StrCat(where, ".", key), "a string", value);
  return value->text;
}

absl::StatusOr<Metric> ReadMetric(const JsonValue& value, absl::string_view where) {
  if (!value.is_object()) return Unfit(where, "an object", &value);
  Metric metric;
  LATHE_ASSIGN_OR_RETURN(metric.name, TextOf(value, "name", where));
  LATHE_ASSIGN_OR_RETURN(metric.unit, TextOf(value, "unit", where));
  const JsonValue* number = value.Find("value");
  if (number == nullptr ||
      (number->kind != JsonValue::Kind::kInt && number->kind != JsonValue::Kind::kFloat))
    return Unfit(absl::StrCat(where, ".value"), "a number", number);
  metric.value = number->number;
  return metric;
}

absl::StatusOr<ReportLine> ReadLine(const JsonValue& value, absl::string_view where) {
  if (!value.is_object()) return Unfit(where, "an object", &value);
  ReportLine line;
  LATHE_ASSIGN_OR_RETURN(line.name, TextOf(value, "name", where));
  LATHE_ASSIGN_OR_RETURN(line.note, TextOf(value, "note", where));
  const JsonValue* metrics = value.Find("metrics");
  if (metrics == nullptr || metrics->kind != JsonValue::Kind::kList)
    return Unfit(absl::StrCat(where, ".metrics"), "a list", metrics);
  for (const JsonValue& item : metrics->items) {
    LATHE_ASSIGN_OR_RETURN(Metric metric, ReadMetric(item, absl::StrCat(where, ".metrics")));
    line.metrics.push_back(std::move(metric));
  }
  return line;
}

const Metric* FindMetric(const ReportLine& line, absl::string_view name) {
  for (const Metric& metric : line.metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

}  // namespace

std::string ShortNumber(double value) {
  if (value == 0 || !std::isfinite(value)) return absl::StrFormat("%g", value);
  const int magnitude = static_cast<int>(std::floor(std::log10(std::fabs(value))));
  const int decimals = std::clamp(3 - magnitude, 0, 9);
  return absl::StrFormat("%.*f", decimals, value);
}

const ReportLine* Report::Find(absl::string_view name) const {
  for (const ReportLine& line : lines_) {
    if (line.name == name) return &line;
  }
  return nullptr;
}

std::string Report::Text() const {
  std::string out;
  for (size_t begin = 0; begin < lines_.size();) {
    size_t end = begin + 1;
    while (end < lines_.size() && SameColumns(lines_[begin], lines_[end])) ++end;
    std::vector<Row> rows(1, {""});
    for (const Metric& metric : lines_[begin].metrics) rows[0].push_back(Header(metric));
    for (size_t i = begin; i < end; ++i) {
      Row& row = rows.emplace_back(Row{lines_[i].name});
      for (const Metric& metric : lines_[i].metrics) row.push_back(ShortNumber(metric.value));
      if (!lines_[i].note.empty()) row.push_back(lines_[i].note);
    }
    absl::StrAppend(&out, out.empty() ? "" : "\n", Table(rows));
    begin = end;
  }
  return out;
}

std::string Report::Json() const {
  nlohmann::ordered_json root;
  root["lathe_bench"] = kJsonVersion;
  if (!limits_.empty()) {
    nlohmann::ordered_json limits = nlohmann::ordered_json::array();
    for (const MachineLimits& entry : limits_) {
      nlohmann::ordered_json& added = limits.emplace_back();
      added["threads"] = entry.threads;
      added["read_bytes_per_second"] = entry.roofline.bytes_per_second;
      for (ArithmeticUnit unit : kArithmeticUnits) {
        if (entry.roofline.Knows(unit)) added[ToStd(PeakKey(unit))] = entry.roofline.Peak(unit);
      }
    }
    root["limits"] = limits;
  }
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  for (const ReportLine& line : lines_) {
    nlohmann::ordered_json metrics = nlohmann::ordered_json::array();
    for (const Metric& metric : line.metrics)
      metrics.push_back({{"name", metric.name}, {"value", metric.value}, {"unit", metric.unit}});
    lines.push_back({{"name", line.name}, {"note", line.note}, {"metrics", metrics}});
  }
  root["lines"] = lines;
  return root.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Report> Report::FromJson(absl::string_view text, absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(text, origin));
  const JsonValue* version = root.Find("lathe_bench");
  if (version == nullptr || version->kind != JsonValue::Kind::kInt ||
      version->integer != kJsonVersion) {
    return Unfit(absl::StrCat(origin, ": lathe_bench"),
                 absl::StrCat("the number ", kJsonVersion, " (a file of lathe bench --json)"),
                 version);
  }
  const JsonValue* lines = root.Find("lines");
  if (lines == nullptr || lines->kind != JsonValue::Kind::kList)
    return Unfit(absl::StrCat(origin, ": lines"), "a list", lines);
  Report report;
  for (size_t i = 0; i < lines->items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(ReportLine line,
                           ReadLine(lines->items[i], absl::StrCat(origin, ": lines[", i, "]")));
    report.Add(std::move(line));
  }
  return report;
}

std::string CompareText(const Report& first, const Report& second) {
  std::vector<Row> rows = {{"", "first", "second", "second/first"}};
  std::string alone;
  for (const ReportLine& line : first.lines()) {
    const ReportLine* other = second.Find(line.name);
    if (other == nullptr) {
      absl::StrAppend(&alone, "only in the first: ", line.name, "\n");
      continue;
    }
    for (const Metric& metric : line.metrics) {
      const Metric* now = FindMetric(*other, metric.name);
      if (now == nullptr || now->unit != metric.unit) continue;
      rows.push_back(
          {absl::StrCat(line.name, "  ", Header(metric)), ShortNumber(metric.value),
           ShortNumber(now->value),
           metric.value == 0 ? "-" : absl::StrFormat("%.3f", now->value / metric.value)});
    }
  }
  for (const ReportLine& line : second.lines()) {
    if (first.Find(line.name) == nullptr)
      absl::StrAppend(&alone, "only in the second: ", line.name, "\n");
  }
  return absl::StrCat(Table(rows), alone);
}

}  // namespace lathe
