// All flags of lathe-run, declared in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/common/flags.h"
#include "tools/lathe_run/sampling_values.h"

namespace lathe {

// Requests of a file that are computed at once.
inline constexpr int64_t kParallel = 16;

struct RunOptions {
  std::string artifact = {};

  // One of these says what to do.
  std::optional<std::string> prompt = std::nullopt;
  bool chat = false;
  std::optional<std::string> requests_file = std::nullopt;  // "-": stdin
  std::optional<std::string> ids_file = std::nullopt;
  bool check = false;
  bool verify = false;

  // Text.
  std::optional<std::string> system = std::nullopt;
  bool raw = false;
  std::optional<bool> think = std::nullopt;
  std::optional<int64_t> max_new_tokens = std::nullopt;
  std::string reasoning = "show";  // or "hide", "json"
  std::optional<int64_t> num_answers = std::nullopt;
  std::optional<std::string> tools_file = std::nullopt;

  // Many requests.
  std::optional<std::string> output_file = std::nullopt;
  bool ordered = false;
  std::optional<int64_t> parallel = std::nullopt;  // else kParallel

  // Going on from an earlier run.
  std::optional<std::string> load_session = std::nullopt;
  std::optional<std::string> save_session = std::nullopt;

  // Choice of tokens, of text.
  SamplingValues sampling = {};

  // Ids.
  std::optional<std::string> dump_file = std::nullopt;

  // The machine.
  std::optional<int64_t> context = std::nullopt;
  std::optional<int64_t> memory = std::nullopt;  // bytes
  std::optional<int64_t> threads = std::nullopt;
  bool pin = false;
  std::string cpu_level = {};

  // Where the time goes.
  bool profile = false;
  std::string limits = {};  // file of `lathe bench --limits`
  std::optional<std::string> trace_file = std::nullopt;
  std::optional<int64_t> trace_steps = std::nullopt;

  // Words.
  bool json = false;
  int verbosity = 0;

  // An answer is one line of JSON.
  bool PrintsJson() const { return json || reasoning == "json" || requests_file.has_value(); }
};

// The table that fills `options`, which must outlive it.
FlagTable RunFlags(RunOptions& options);

// InvalidArgument when flags contradict each other or say nothing to do.
absl::Status CheckRunOptions(const RunOptions& options);

}  // namespace lathe
