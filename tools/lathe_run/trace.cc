// The format: "Trace Event Format", complete events (ph X) with times in microseconds.
#include "tools/lathe_run/trace.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "runtime/base/atomic_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using nlohmann::ordered_json;

// Tracks: the steps with their dispatches, then the workers.
constexpr int kStepTrack = 0;
int WorkerTrack(int worker) { return worker + 1; }

std::string TextOf(absl::string_view text) { return std::string(text); }

class EventWriter {
 public:
  EventWriter(AtomicFile file, int64_t origin_ns) : file_(std::move(file)), origin_ns_(origin_ns) {}

  absl::Status Begin() {
    return file_.Append("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n");
  }

  absl::Status NameTrack(int track, const std::string& name) {
    // The index keeps tracks in our order, whatever their names.
    LATHE_RETURN_IF_ERROR(Event({{"name", "thread_sort_index"},
                                 {"ph", "M"},
                                 {"pid", 1},
                                 {"tid", track},
                                 {"args", {{"sort_index", track}}}}));
    return Event({{"name", "thread_name"},
                  {"ph", "M"},
                  {"pid", 1},
                  {"tid", track},
                  {"args", {{"name", name}}}});
  }

  absl::Status Slice(int track, absl::string_view name, const TimeSpan& span,
                     ordered_json args = ordered_json()) {
    ordered_json event = {{"name", TextOf(name)},
                          {"ph", "X"},
                          {"pid", 1},
                          {"tid", track},
                          {"ts", static_cast<double>(span.begin_ns - origin_ns_) / 1e3},
                          {"dur", static_cast<double>(span.nanoseconds()) / 1e3}};
    if (!args.is_null()) event["args"] = std::move(args);
    return Event(event);
  }

  absl::Status Finish() {
    LATHE_RETURN_IF_ERROR(file_.Append("\n]}\n"));
    return file_.Commit();
  }

 private:
  absl::Status Event(const ordered_json& event) {
    // Names come from the artifact, whose bytes need be no UTF-8.
    std::string line = event.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    LATHE_RETURN_IF_ERROR(file_.Append(absl::StrCat(is_first_ ? "" : ",\n", line)));
    is_first_ = false;
    return absl::OkStatus();
  }

  AtomicFile file_;
  int64_t origin_ns_;
  bool is_first_ = true;
};

absl::Status WriteCommands(const StepRecord& record, const std::vector<TimeSpan>& timeline,
                           EventWriter& writer) {
  for (size_t i = 0; i < record.commands.size(); ++i) {
    const CommandRecord& command = record.commands[i];
    LATHE_RETURN_IF_ERROR(writer.Slice(kStepTrack, command.name, timeline[i],
                                       {{"kernel", TextOf(command.kernel)},
                                        {"rows", command.rows},
                                        {"flops", command.work.flops},
                                        {"bytes", command.work.bytes}}));
    for (int worker = 0; worker < record.times.num_workers(); ++worker) {
      const TimeSpan& share = record.times.At(i, worker);
      if (share.nanoseconds() == 0) continue;
      LATHE_RETURN_IF_ERROR(writer.Slice(WorkerTrack(worker), command.name, share));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Trace::Add(absl::string_view name, StepSizes sizes, const StepRecord& record) {
  ++num_seen_;
  if (static_cast<int64_t>(steps_.size()) >= options_.max_steps || record.commands.empty()) return;
  steps_.push_back({TextOf(name), std::move(sizes), record});
}

absl::Status Trace::Write() const {
  LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(options_.path));
  int64_t origin_ns = 0;
  int num_workers = 0;
  if (!steps_.empty()) {
    origin_ns = steps_.front().record.times.Timeline().front().begin_ns;
    num_workers = steps_.front().record.times.num_workers();
  }
  EventWriter writer(std::move(file), origin_ns);
  LATHE_RETURN_IF_ERROR(writer.Begin());
  LATHE_RETURN_IF_ERROR(writer.NameTrack(kStepTrack, "steps"));
  for (int worker = 0; worker < num_workers; ++worker) {
    LATHE_RETURN_IF_ERROR(writer.NameTrack(WorkerTrack(worker), absl::StrCat("thread ", worker)));
  }
  for (const Step& step : steps_) {
    const std::vector<TimeSpan> timeline = step.record.times.Timeline();
    ordered_json args = ordered_json::object();
    for (const auto& [size, value] : step.sizes) args[size] = value;
    // Before its dispatches, so that they lie inside it.
    LATHE_RETURN_IF_ERROR(writer.Slice(kStepTrack, step.name,
                                       {timeline.front().begin_ns, timeline.back().end_ns},
                                       std::move(args)));
    LATHE_RETURN_IF_ERROR(WriteCommands(step.record, timeline, writer));
  }
  return writer.Finish();
}

std::string Trace::SummaryText() const {
  const auto kept = static_cast<int64_t>(steps_.size());
  return absl::StrCat("trace: ",
                      kept == num_seen_ ? absl::StrCat(kept, kept == 1 ? " step" : " steps")
                                        : absl::StrCat("the first ", kept, " of ", num_seen_,
                                                       " steps (--trace-steps)"),
                      " in ", options_.path, "; open it in ui.perfetto.dev\n");
}

}  // namespace lathe
