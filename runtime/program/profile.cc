#include "runtime/program/profile.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace lathe {

void Profile::Add(size_t command, absl::string_view name, int64_t time_ns, const Work& work) {
  if (command >= lines_.size()) lines_.resize(command + 1);
  Line& line = lines_[command];
  if (line.runs == 0) line.name = std::string(name);
  ++line.runs;
  line.time_ns += time_ns;
  line.flops += static_cast<double>(work.flops);
  line.bytes += static_cast<double>(work.bytes);
}

int64_t Profile::total_ns() const {
  int64_t total = 0;
  for (const Line& line : lines_) total += line.time_ns;
  return total;
}

std::string Profile::Text(size_t lines) const {
  std::vector<const Line*> sorted;
  for (const Line& line : lines_) sorted.push_back(&line);
  // Equal times keep the order of the commands: addresses grow with their number.
  std::sort(sorted.begin(), sorted.end(), [](const Line* a, const Line* b) {
    return a->time_ns != b->time_ns ? a->time_ns > b->time_ns : a < b;
  });
  if (sorted.size() > lines) sorted.resize(lines);
  const double total = std::max<double>(1, static_cast<double>(total_ns()));
  std::string text = absl::StrFormat("%-40s %6s %10s %6s %9s %8s\n", "command", "runs", "ms",
                                     "share", "GFLOP/s", "GB/s");
  for (const Line* line : sorted) {
    const double ns = std::max<double>(1, static_cast<double>(line->time_ns));
    absl::StrAppendFormat(&text, "%-40s %6d %10.3f %5.1f%% %9.2f %8.2f\n", line->name, line->runs,
                          ns / 1e6, 100 * ns / total, line->flops / ns, line->bytes / ns);
  }
  return text;
}

}  // namespace lathe
