#include "tools/lathe_run/cases_mode.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_value.h"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/ids_request.h"
#include "tools/lathe_run/interrupt.h"

namespace lathe {
namespace {

// One prompt of a case, and what must follow it.
struct Expectation {
  std::string name;  // "short", "batch[2]"
  std::vector<int32_t> prompt;
  std::vector<int32_t> greedy_ids;
};

absl::Status ReadCase(const JsonValue& value, std::vector<Expectation>& out) {
  const JsonValue* name = value.Find("name");
  const JsonValue* prompts = value.Find("prompt_ids");
  const JsonValue* greedy = value.Find("greedy_ids");
  if (name == nullptr || name->kind != JsonValue::Kind::kString || prompts == nullptr ||
      greedy == nullptr) {
    return absl::InvalidArgumentError("a case has no name, prompt_ids or greedy_ids");
  }
  bool is_batch = false;
  bool is_greedy_batch = false;
  LATHE_ASSIGN_OR_RETURN(auto prompt_lists, ReadIdLists(*prompts, "prompt_ids", &is_batch),
                         name->text);
  LATHE_ASSIGN_OR_RETURN(auto greedy_lists, ReadIdLists(*greedy, "greedy_ids", &is_greedy_batch),
                         name->text);
  if (is_batch != is_greedy_batch || prompt_lists.size() != greedy_lists.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name->text, ": prompt_ids and greedy_ids do not match"));
  }
  for (size_t i = 0; i < prompt_lists.size(); ++i) {
    std::string full_name = is_batch ? absl::StrCat(name->text, "[", i, "]") : name->text;
    out.push_back({std::move(full_name), std::move(prompt_lists[i]), std::move(greedy_lists[i])});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Expectation>> ReadCases(const Artifact& artifact) {
  std::string origin = absl::StrCat(artifact.path(), ": section cases");
  if (!artifact.HasSection("cases")) {
    return absl::NotFoundError(absl::StrCat(
        artifact.path(), " holds no test cases to check; compile it with --cases=FILE"));
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view text, artifact.Section("cases"));
  LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(text, origin));
  std::vector<Expectation> cases;
  for (const JsonValue& item : root.items) LATHE_RETURN_IF_ERROR(ReadCase(item, cases), origin);
  if (cases.empty())
    return absl::InvalidArgumentError(
        absl::StrCat(origin, " is ", Describe(root), ", expected a list of cases"));
  return cases;
}

struct Verdict {
  bool is_right = false;
  std::string text;
};

Verdict Compare(const Expectation& expected, const Result& result) {
  if (!result.status.ok()) return {false, std::string(result.status.message())};
  const std::vector<int32_t>& got = result.tokens;
  auto difference =
      std::mismatch(got.begin(), got.end(), expected.greedy_ids.begin(), expected.greedy_ids.end());
  if (difference.first == got.end() && difference.second == expected.greedy_ids.end()) {
    return {true, absl::StrCat(got.size(), " tokens as expected")};
  }
  size_t index = static_cast<size_t>(difference.first - got.begin());
  return {false, absl::StrCat("token ", index, " is ",
                              index < got.size() ? absl::StrCat(got[index]) : "missing",
                              ", expected ", expected.greedy_ids[index])};
}

absl::StatusOr<std::vector<Verdict>> RunAll(const std::vector<Expectation>& cases,
                                            Generator& generator) {
  std::vector<int64_t> ids;
  for (const Expectation& each : cases) {
    Request request{.prompt = each.prompt,
                    .max_new_tokens = static_cast<int64_t>(each.greedy_ids.size()),
                    .allow_padding_ids = true};
    LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit(std::move(request)), "case ", each.name);
    ids.push_back(id);
  }
  InterruptGuard interrupt;
  while (true) {
    LATHE_ASSIGN_OR_RETURN(bool has_more, generator.Step());
    if (!has_more) break;
    if (interrupt.interrupted())
      return absl::CancelledError("interrupted before all cases had run");
  }
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < cases.size(); ++i)
    verdicts.push_back(Compare(cases[i], *generator.Take(ids[i])));
  return verdicts;
}

std::string Report(const std::vector<Expectation>& cases, const std::vector<Verdict>& verdicts,
                   bool as_json) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string lines;
  for (size_t i = 0; i < cases.size(); ++i) {
    absl::StrAppend(&lines, verdicts[i].is_right ? "ok     " : "WRONG  ", cases[i].name, ": ",
                    verdicts[i].text, "\n");
    list.push_back(
        {{"name", cases[i].name}, {"ok", verdicts[i].is_right}, {"message", verdicts[i].text}});
  }
  if (!as_json) return lines;
  nlohmann::ordered_json report = {{"cases", std::move(list)}};
  return absl::StrCat(report.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                      "\n");
}

}  // namespace

absl::Status RunCases(const RunOptions& options, Session& session) {
  LATHE_ASSIGN_OR_RETURN(std::vector<Expectation> cases, ReadCases(session.artifact()));
  std::vector<int64_t> lengths;
  for (const Expectation& each : cases)
    lengths.push_back(static_cast<int64_t>(each.prompt.size() + each.greedy_ids.size()));
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(options.context, lengths));
  LATHE_ASSIGN_OR_RETURN(std::vector<Verdict> verdicts, RunAll(cases, generator));
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(session.ledger().Text(), session.MemoryText(generator)));
  }
  LATHE_RETURN_IF_ERROR(WriteStdout(Report(cases, verdicts, options.json)));
  int64_t num_wrong =
      std::count_if(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return !v.is_right; });
  if (num_wrong == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(options.artifact, ": ", num_wrong, " of ", cases.size(),
                   " cases differ from what the compiler expected; try --verify for "
                   "damage, or --cpu-level=x86-64-v3 for the processor"));
}

}  // namespace lathe
