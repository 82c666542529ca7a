#include "tools/lathe_run/result_sink.h"

#include <unistd.h>

#include <utility>

#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"

namespace lathe {

absl::StatusOr<ResultSink> ResultSink::Create(const std::optional<std::string>& path,
                                              bool is_ordered) {
  ResultSink sink(is_ordered);
  if (path.has_value()) {
    LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(*path), "--output");
    sink.file_.emplace(std::move(file));
  }
  return sink;
}

absl::Status ResultSink::Add(int64_t place, std::string text) {
  if (!is_ordered_) return Write(text);
  held_.emplace(place, std::move(text));
  for (auto first = held_.begin(); first != held_.end() && first->first == next_;
       first = held_.erase(first)) {
    LATHE_RETURN_IF_ERROR(Write(first->second));
    ++next_;
  }
  return absl::OkStatus();
}

absl::Status ResultSink::Finish() {
  for (const auto& [place, text] : held_) LATHE_RETURN_IF_ERROR(Write(text));
  held_.clear();
  return file_.has_value() ? file_->Commit() : absl::OkStatus();
}

bool ResultSink::GoesToTerminal() const {
  return !file_.has_value() && ::isatty(STDOUT_FILENO) != 0;
}

absl::Status ResultSink::Write(const std::string& text) {
  return file_.has_value() ? file_->Append(text) : WriteStdout(text);
}

}  // namespace lathe
