#include "tools/lathe/inspect/dispatch_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/program/expr.h"
#include "runtime/program/profile.h"

namespace lathe {
namespace {

const artifact::Kernel& KernelOf(const artifact::Program& program,
                                 const artifact::Command& command) {
  return program.kernels(static_cast<int>(command.kernel()));
}

// The work of each command at the sizes of a step.
absl::StatusOr<std::vector<Work>> WorkAt(const artifact::Program& program,
                                         absl::Span<const artifact::Command* const> commands,
                                         const StepSizes& sizes,
                                         const std::optional<Machine>& machine) {
  ExprTable table;
  std::vector<std::array<uint32_t, 3>> exprs;
  for (const artifact::Command* command : commands) {
    exprs.push_back({table.Intern(command->flops()), table.Intern(command->bytes_read()),
                     table.Intern(command->bytes_written())});
  }
  std::vector<int64_t> values(table.size());
  LATHE_RETURN_IF_ERROR(table.Evaluate(sizes.values, absl::MakeSpan(values)), "at ", sizes.text);
  std::vector<Work> works;
  for (size_t i = 0; i < commands.size(); ++i) {
    const auto& [flops, read, written] = exprs[i];
    Work& work = works.emplace_back();
    work.flops = static_cast<double>(values[flops]);
    work.bytes = static_cast<double>(values[read]) + static_cast<double>(values[written]);
    if (machine) work.unit = UnitOf(KernelOf(program, *commands[i]), machine->level);
  }
  return works;
}

absl::string_view BoundText(const Work& work, const Roofline& limits) {
  return limits.IsMemoryBound(work) ? "memory" : UnitName(work.unit);
}

struct Line {
  std::string kind;
  std::string kernel;
  Work work;  // of one
  int64_t count = 0;
};

}  // namespace

std::string PredictedLevel(const artifact::Manifest& manifest, const Roofline& limits) {
  std::string best;
  for (const artifact::Code& code : manifest.code()) {
    bool is_known = true;
    for (const artifact::Program& program : manifest.programs()) {
      for (const artifact::Kernel& kernel : program.kernels())
        is_known &= limits.Knows(UnitOf(kernel, code.feature_level()));
    }
    if (is_known) best = code.feature_level();
  }
  return best;
}

absl::StatusOr<std::string> DispatchTable(const artifact::Program& program, const StepSizes& sizes,
                                          const std::optional<Machine>& machine) {
  std::vector<const artifact::Command*> commands;
  for (const artifact::Command& command : program.commands()) commands.push_back(&command);
  LATHE_ASSIGN_OR_RETURN(std::vector<Work> works, WorkAt(program, commands, sizes, machine));
  std::vector<Line> lines;
  std::map<std::pair<std::string, std::string>, size_t> known;
  size_t width = 8;  // of "dispatch"
  for (size_t i = 0; i < commands.size(); ++i) {
    std::string kind = DispatchKind(commands[i]->name());
    std::string kernel = KernelOf(program, *commands[i]).symbol();
    const auto [it, is_new] = known.emplace(std::make_pair(kind, kernel), lines.size());
    width = std::max(width, kind.size());
    if (is_new) lines.push_back({std::move(kind), std::move(kernel), works[i], 0});
    ++lines[it->second].count;
  }
  std::string text =
      absl::StrFormat("entry %s for %s at %s\n", program.entry(), program.target(), sizes.text);
  absl::StrAppendFormat(&text, "  %-*s %5s %11s %11s %10s", static_cast<int>(width), "dispatch",
                        "each", "MFLOP", "MB", "FLOP/byte");
  absl::StrAppend(&text, machine ? "  limit us  bound by" : "", "  kernel\n");
  double limit_ns = 0;
  for (const Line& line : lines) {
    absl::StrAppendFormat(&text, "  %-*s %5d %11.3f %11.3f %10.2f", static_cast<int>(width),
                          line.kind, line.count, line.work.flops / 1e6, line.work.bytes / 1e6,
                          line.work.intensity());
    if (machine) {
      const double line_ns = machine->limits.Nanoseconds(line.work);
      absl::StrAppendFormat(&text, " %9.1f  %-8s", line_ns / 1e3,
                            BoundText(line.work, machine->limits));
      limit_ns += static_cast<double>(line.count) * line_ns;
    }
    absl::StrAppend(&text, "  ", line.kernel, "\n");
  }
  if (machine) {
    absl::StrAppendFormat(&text, "  the whole step takes at least %.1f us: %.1f steps/s%s\n",
                          limit_ns / 1e3, 1e9 / std::max(1.0, limit_ns),
                          machine->level.empty() ? "" : absl::StrCat(" (", machine->level, ")"));
  }
  return text;
}

absl::StatusOr<std::string> CostText(const artifact::Manifest& manifest,
                                     const artifact::Program& program,
                                     const artifact::Command& command,
                                     absl::Span<const StepSizes> sizes,
                                     const std::optional<Machine>& machine) {
  const SymbolNames& symbols = manifest.symbols();
  std::string text =
      absl::StrCat("  flops    ", ExprText(command.flops(), symbols), "\n", "  reads    ",
                   ExprText(command.bytes_read(), symbols), " bytes\n", "  writes   ",
                   ExprText(command.bytes_written(), symbols), " bytes\n");
  for (const StepSizes& step : sizes) {
    LATHE_ASSIGN_OR_RETURN(std::vector<Work> works, WorkAt(program, {&command}, step, machine));
    const Work& work = works.front();
    absl::StrAppendFormat(&text, "  at %s\n           %.0f FLOPs, %.0f bytes, %.2f FLOP/byte",
                          step.text, work.flops, work.bytes, work.intensity());
    if (machine) {
      absl::StrAppendFormat(&text, "; at least %.1f us, bound by %s",
                            machine->limits.Nanoseconds(work) / 1e3,
                            BoundText(work, machine->limits));
    }
    text += '\n';
  }
  return text;
}

}  // namespace lathe
