#include "runtime/program/profile.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace lathe {
namespace {

bool IsNumber(absl::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string DispatchKind(absl::string_view name) {
  std::vector<absl::string_view> words = absl::StrSplit(name, '.');
  for (absl::string_view& word : words) {
    if (IsNumber(word)) word = "*";
  }
  return absl::StrJoin(words, ".");
}

void Profile::Charge(Line& line, const CommandRecord& command, int64_t time_ns) const {
  ++line.runs;
  line.time_ns += time_ns;
  line.work.flops += command.work.flops;
  line.work.bytes += command.work.bytes;
  line.work.unit = command.work.unit;
  if (!limits_) return;
  // Summed run by run: a kind that reads weights in one step and computes in the next has both
  // limits.
  const double limit_ns = limits_->Nanoseconds(command.work);
  line.limit_ns += limit_ns;
  if (limits_->IsMemoryBound(command.work)) line.memory_limit_ns += limit_ns;
}

void Profile::Add(absl::string_view part, const StepRecord& step) {
  Part& sum = parts_[std::string(part)];
  ++sum.steps;
  sum.busy_ns += step.times.BusyNanoseconds();
  sum.num_workers = std::max(1, step.times.num_workers());
  const std::vector<TimeSpan> timeline = step.times.Timeline();
  for (size_t i = 0; i < step.commands.size(); ++i) {
    const CommandRecord& command = step.commands[i];
    Charge(sum.kinds[DispatchKind(command.name)], command, timeline[i].nanoseconds());
    Charge(commands_[std::string(command.name)], command, timeline[i].nanoseconds());
  }
}

int64_t Profile::total_ns() const {
  int64_t total = 0;
  for (const auto& [name, line] : commands_) total += line.time_ns;
  return total;
}

std::string Profile::Table(absl::string_view count_title, std::vector<Row> rows,
                           size_t limit) const {
  Line all;
  size_t width = 8;  // of "dispatch"
  for (const Row& row : rows) {
    all.time_ns += row.line.time_ns;
    width = std::max(width, row.name.size());
  }
  // Equal times go by the names.
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.line.time_ns != b.line.time_ns ? a.line.time_ns > b.line.time_ns : a.name < b.name;
  });
  if (rows.size() > limit) rows.resize(limit);
  std::string text = absl::StrFormat("  %-*s %6s %10s %6s %9s %8s", static_cast<int>(width),
                                     "dispatch", count_title, "ms", "share", "GFLOP/s", "GB/s");
  if (limits_) absl::StrAppendFormat(&text, " %10s %8s  %s", "limit ms", "of limit", "bound by");
  text += '\n';
  const double total = std::max<double>(1, static_cast<double>(all.time_ns));
  for (const Row& row : rows) {
    const Line& line = row.line;
    const double ns = std::max<double>(1, static_cast<double>(line.time_ns));
    absl::StrAppendFormat(&text, "  %-*s %6d %10.3f %5.1f%% %9.2f %8.2f", static_cast<int>(width),
                          row.name, row.count, ns / 1e6, 100 * ns / total, line.work.flops / ns,
                          line.work.bytes / ns);
    if (limits_) {
      const bool is_memory_bound = line.memory_limit_ns * 2 >= line.limit_ns;
      absl::StrAppendFormat(&text, " %10.3f %7.1f%%  %s", line.limit_ns / 1e6,
                            100 * line.limit_ns / ns,
                            is_memory_bound ? "memory" : UnitName(line.work.unit));
    }
    text += '\n';
  }
  return text;
}

std::string Profile::KindText() const {
  std::string text;
  for (const auto& [name, part] : parts_) {
    std::vector<Row> rows;
    int64_t time_ns = 0;
    double limit_ns = 0;
    for (const auto& [kind, line] : part.kinds) {
      rows.push_back({kind, line.runs / part.steps, line});
      time_ns += line.time_ns;
      limit_ns += line.limit_ns;
    }
    const double ns = std::max<double>(1, static_cast<double>(time_ns));
    absl::StrAppendFormat(&text, "profile of %s: %d %s, %.3f ms a step; %d %s busy %.1f%% of it",
                          name, part.steps, part.steps == 1 ? "step" : "steps",
                          ns / 1e6 / static_cast<double>(part.steps), part.num_workers,
                          part.num_workers == 1 ? "thread" : "threads",
                          100 * static_cast<double>(part.busy_ns) / ns / part.num_workers);
    if (limits_) absl::StrAppendFormat(&text, "; %.1f%% of the limit", 100 * limit_ns / ns);
    absl::StrAppend(&text, "\n",
                    Table("each", std::move(rows), std::numeric_limits<size_t>::max()));
  }
  return text;
}

std::string Profile::CommandText(size_t lines) const {
  if (commands_.empty()) return "";
  std::vector<Row> rows;
  for (const auto& [name, line] : commands_) rows.push_back({name, line.runs, line});
  return Table("runs", std::move(rows), lines);
}

}  // namespace lathe
