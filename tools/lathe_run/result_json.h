// An answer as one line of JSON: of --json and of --requests alike.
//   WriteStdout(ResultJson({.id = "\"a\""}, answer, tokenizer));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tokenizer.h"
#include "tools/lathe_run/answer.h"

namespace lathe {

// Which answer it is; what is left out is not shown.
struct ResultLabel {
  std::string id = {};                          // JSON
  std::optional<int64_t> line = std::nullopt;   // of the file, from 1
  std::optional<int64_t> index = std::nullopt;  // among the n answers of a request, from 0
};

// {"id", "line", "index", "text", "reasoning", "tool_calls", "ids", "finish", "usage", "timings",
// "seed", "logprobs", "notes"} and a line end, without those that do not apply.
std::string ResultJson(const ResultLabel& label, const Answer& answer, const Tokenizer& tokenizer);

// {"id", "line", "error": {"field", "message"}}.
std::string ErrorJson(const ResultLabel& label, absl::string_view field,
                      const absl::Status& status);

}  // namespace lathe
