#include "tools/lathe_run/options.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe_run/request_line.h"
#include "tools/lathe_run/sampling_flags.h"

namespace lathe {

FlagTable RunFlags(RunOptions& options) {
  FlagTable flags(
      "lathe-run run",
      "ARTIFACT (--prompt=TEXT | --chat | --requests=FILE | --ids=FILE | --check | --verify) "
      "[flags]",
      "Runs a model that `lathe compile` made. Results go to stdout, words about them to stderr.");
  flags.Positional("ARTIFACT", &options.artifact, "the .lathe file that `lathe compile` wrote");

  flags.Group("What to do");
  flags.OptionalString("prompt", &options.prompt, {},
                       "answer this message and print the text as it comes");
  flags.Bool("chat", &options.chat,
             "answer messages from stdin, each a line, until it ends; /help lists the commands, "
             "Ctrl-C ends an answer");
  flags.OptionalString(
      "requests", &options.requests_file, {.form = "FILE"},
      "answer each line of a file (\"-\": of stdin), an object with prompt, messages or token_ids "
      "and what else docs/requests.md lists; a line of JSON for each, many computed at once");
  flags.OptionalString(
      "ids", &options.ids_file, {.form = "FILE"},
      "continue token ids greedily, past any end token: {\"prompt_ids\": [1, 2] or [[1], [2, 3]], "
      "\"max_new_tokens\": 5, \"pieces\": [lengths in which the prompt is read, optional]}");
  flags.Bool("check", &options.check, "run the test cases inside the artifact and compare");
  flags.Bool("verify", &options.verify, "read the whole artifact against its checksums first");

  flags.Group("Text");
  flags.OptionalString("system", &options.system, {}, "a system message before the first message");
  flags.Bool("raw", &options.raw,
             "give the prompt to the model as it is, without the chat template");
  flags.OptionalBool("think", &options.think,
                     "ask the chat template for thinking or for none (enable_thinking); without it "
                     "the template decides");
  flags.OptionalInt("max-new-tokens", &options.max_new_tokens,
                    {.unit = "tokens",
                     .min = kNewTokensRange.least,
                     .max = kNewTokensRange.most,
                     .absent = "the model's own limit, or a full context"},
                    "stop after this many");
  flags.Choice("reasoning", &options.reasoning, {"show", "hide", "json"},
               "what leads to the answer: print it before the answer, leave it out, or print one "
               "line of JSON with reasoning, text and tool_calls apart");

  flags.OptionalInt(
      "n", &options.num_answers,
      {.unit = "answers", .min = kAnswersRange.least, .max = kAnswersRange.most, .absent = "1"},
      "answer so many times, with seeds SEED, SEED + 1, ...; they share what they "
      "read of the prompt");
  flags.OptionalString(
      "tools", &options.tools_file, {.form = "FILE"},
      "tell the model about the functions in this file, a JSON list as in OpenAI's "
      "protocol");

  flags.Group("Going on later");
  flags.OptionalString("save-session", &options.save_session, {.form = "FILE", .absent = "none"},
                       "when the run ends, write what was computed and the conversation of a chat");
  flags.OptionalString("load-session", &options.load_session, {.form = "FILE", .absent = "none"},
                       "go on from such a file of the same artifact: what it has of the prompt is "
                       "not computed again, and --chat continues its conversation");

  flags.Group("Many requests");
  flags.OptionalString("output", &options.output_file, {.form = "FILE", .absent = "stdout"},
                       "with --requests: write the results there; the file appears when it is "
                       "whole");
  flags.Bool("ordered", &options.ordered,
             "with --requests: results in the order of the lines, not as they come");
  flags.OptionalInt("parallel", &options.parallel,
                    {.unit = "requests", .min = 1, .max = 1024, .absent = absl::StrCat(kParallel)},
                    "with --requests: compute so many at once");

  AddSamplingFlags(options.sampling, flags);

  flags.Group("Ids");
  flags.OptionalString("dump-tensors", &options.dump_file, {.form = "FILE"},
                       "with --ids: write logits, and the layer inputs and states of an artifact "
                       "that was compiled with "
                       "--probes, as safetensors");

  flags.Group("The machine");
  flags.OptionalInt(
      "context", &options.context,
      {.unit = "tokens", .min = 1, .max = 1 << 30, .absent = "all that the model was made for"},
      "room for a prompt and its answer");
  flags.OptionalBytes("memory", &options.memory, "no limit but the system's",
                      "take no more than this: caches are made as small as it demands, and what "
                      "cannot fit is refused; `lathe-run plan` shows the parts");
  flags.OptionalInt(
      "threads", &options.threads,
      {.unit = "threads", .min = 1, .max = 1024, .absent = "the CPUs that the process may use"},
      "compute with");
  flags.Bool("pin", &options.pin,
             "bind each thread to a CPU of its own: steadier on a machine that does little else");
  flags.String("cpu-level", &options.cpu_level, {.form = "LEVEL", .absent = "what the CPU has"},
               "use no instructions beyond this level: x86-64-v3, x86-64-v4, x86-64-v4-bf16");

  flags.Group("Where the time goes");
  flags.Bool("profile", &options.profile,
             "a table of prefill and one of decode: time, share, GFLOP/s and GB/s of each kind of "
             "dispatch, the layers of a model together");
  flags.String("limits", &options.limits, {.form = "FILE", .absent = "no columns for them"},
               "with --profile: also the time that the machine's memory or arithmetic allows at "
               "least, from what `lathe bench --limits --json=FILE` measured on it");
  flags.OptionalString("trace", &options.trace_file, {.form = "FILE"},
                       "write a timeline of the steps as JSON for ui.perfetto.dev: each dispatch "
                       "by its path in the model, each thread on a line of its own");
  flags.OptionalInt("trace-steps", &options.trace_steps,
                    {.unit = "steps", .min = 1, .max = 100000, .absent = "64"},
                    "with --trace: how many steps to keep, from the first on");

  flags.Group("Words");
  flags.Bool("json", &options.json, "print the result as one line of JSON");
  flags.Verbosity(&options.verbosity,
                  {"times, speeds and memory", "the single dispatches that took longest"});

  flags.Example("lathe-run run qwen.lathe --prompt \"Why is the sky blue?\"",
                "answers, and ends where the model ends");
  flags.Example("lathe-run run qwen.lathe --prompt \"2 + 2?\" --no-think --max-new-tokens 50 -v",
                "is brief, and says how fast it was");
  flags.Example(
      "lathe-run run qwen.lathe --prompt \"Name a colour\" --temperature=1 --top-p=0.9 --seed=7",
      "is free in its choice of words, and says the same again for the same seed");
  flags.Example("lathe-run run qwen.lathe --chat --system \"Answer in French.\" --reasoning=hide",
                "talks, and keeps its thoughts to itself");
  flags.Example("lathe-run run qwen.lathe --requests=questions.jsonl --output=answers.jsonl",
                "answers a file of questions, as fast as the machine can");
  flags.Example("lathe-run run qwen.lathe --check",
                "tells whether this machine computes what the compiler expected");
  flags.Example("lathe-run run qwen.lathe --prompt \"2 + 2?\" --profile --limits=limits.json",
                "where the time goes, and how far from what the machine can do");
  return flags;
}

namespace {

absl::Status CheckMode(const RunOptions& options) {
  std::vector<std::string> given;
  if (options.prompt.has_value()) given.emplace_back("--prompt");
  if (options.chat) given.emplace_back("--chat");
  if (options.requests_file.has_value()) given.emplace_back("--requests");
  if (options.ids_file.has_value()) given.emplace_back("--ids");
  if (options.check) given.emplace_back("--check");
  if (given.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::StrJoin(given, " and "), " exclude each other; give one of them"));
  }
  if (!given.empty() || options.verify) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "nothing to do: give --prompt=TEXT, --chat, --requests=FILE, --ids=FILE, --check or "
      "--verify; see `lathe-run run --help`");
}

absl::Status CheckTextFlags(const RunOptions& options) {
  const bool is_text =
      options.prompt.has_value() || options.chat || options.requests_file.has_value();
  const bool has_text_flag = options.system.has_value() || options.raw ||
                             options.think.has_value() || options.max_new_tokens.has_value() ||
                             options.reasoning != "show" || options.num_answers.has_value() ||
                             options.tools_file.has_value();
  if (has_text_flag && !is_text) {
    return absl::InvalidArgumentError(
        "--system, --raw, --think, --max-new-tokens, --reasoning, --n and --tools go with "
        "--prompt, --chat or --requests");
  }
  if (!(options.sampling == SamplingValues()) && !is_text) {
    return absl::InvalidArgumentError(
        "the flags of the choice of tokens go with --prompt, --chat or --requests; --ids and "
        "--check are greedy");
  }
  if (options.chat && options.raw) {
    return absl::InvalidArgumentError(
        "--raw leaves out the chat template, which makes a chat of messages; drop one of --raw and "
        "--chat");
  }
  if (options.chat && options.num_answers.has_value())
    return absl::InvalidArgumentError(
        "--n goes with --prompt or --requests; a chat has one answer");
  if (options.raw &&
      (options.system.has_value() || options.think.has_value() || options.tools_file.has_value())) {
    return absl::InvalidArgumentError(
        "--raw leaves out the chat template, so --system, --think and --tools have no place; drop "
        "one of them");
  }
  if (options.sampling.logprobs.has_value() && !options.PrintsJson())
    return absl::InvalidArgumentError("--logprobs goes with --json");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRunOptions(const RunOptions& options) {
  LATHE_RETURN_IF_ERROR(CheckMode(options));
  LATHE_RETURN_IF_ERROR(CheckTextFlags(options));
  const bool has_session = options.load_session.has_value() || options.save_session.has_value();
  if (has_session && !options.prompt.has_value() && !options.chat)
    return absl::InvalidArgumentError(
        "--load-session and --save-session go with --prompt or --chat");
  if (options.save_session.has_value() && options.num_answers.value_or(1) > 1)
    return absl::InvalidArgumentError("--save-session goes with one answer; drop --n");
  const bool has_requests_flag =
      options.output_file.has_value() || options.ordered || options.parallel.has_value();
  if (has_requests_flag && !options.requests_file.has_value())
    return absl::InvalidArgumentError("--output, --ordered and --parallel go with --requests");
  if (options.dump_file.has_value() && !options.ids_file.has_value()) {
    return absl::InvalidArgumentError(
        "--dump-tensors goes with --ids: it writes what the model computed for given ids");
  }
  if (!options.limits.empty() && !options.profile) {
    return absl::InvalidArgumentError(
        "--limits goes with --profile: it adds columns to that table");
  }
  if (options.trace_steps.has_value() && !options.trace_file.has_value())
    return absl::InvalidArgumentError("--trace-steps goes with --trace=FILE");
  return absl::OkStatus();
}

}  // namespace lathe
