// Result lines on their way out: as they come, or in the order of what they answer; to stdout, or
// to a file that appears when it is whole.
//   LATHE_ASSIGN_OR_RETURN(ResultSink sink, ResultSink::Create("out.jsonl", /*is_ordered=*/true));
//   LATHE_RETURN_IF_ERROR(sink.Add(1, "{...}\n"));
//   LATHE_RETURN_IF_ERROR(sink.Finish());
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/atomic_file.h"

namespace lathe {

class ResultSink {
 public:
  // Without a path: to stdout.
  static absl::StatusOr<ResultSink> Create(const std::optional<std::string>& path, bool is_ordered);

  // The text of place `place`; in order, each place, counted from 0, has one.
  absl::Status Add(int64_t place, std::string text);
  // In order: texts that wait for one before them.
  size_t num_held() const { return held_.size(); }
  // Whether people see the results scroll by.
  bool GoesToTerminal() const;
  // What is held back is written, too, though places are missing; the file gets its name.
  absl::Status Finish();

 private:
  explicit ResultSink(bool is_ordered) : is_ordered_(is_ordered) {}
  absl::Status Write(const std::string& text);

  bool is_ordered_;
  std::optional<AtomicFile> file_;
  int64_t next_ = 0;
  std::map<int64_t, std::string> held_;
};

}  // namespace lathe
