#include "tools/lathe_run/plan_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

std::string Count(int64_t number, absl::string_view one, absl::string_view many) {
  return absl::StrCat(number, " ", number == 1 ? one : many);
}

void AddLine(absl::string_view what, uint64_t bytes, absl::string_view detail, std::string& text) {
  absl::StrAppendFormat(&text, "  %-24s %11s%s%s\n", what, HumanBytes(bytes),
                        detail.empty() ? "" : "   ", detail);
}

std::string GroupText(const GroupMemory& group) {
  return absl::StrCat(Count(group.num_pages, "page", "pages"), " of ", group.page_tokens,
                      " tokens, ", HumanBytes(group.page_bytes), " each; a sequence has ",
                      group.pages_per_sequence,
                      group.window > 0 ? absl::StrCat(" (window ", group.window, ")") : "");
}

bool Fits(const MemoryPlan& plan, const MemoryBudget& budget) {
  return plan.total_bytes() <= budget.bytes;
}

std::string LargestText(const MemoryPlan& plan) {
  std::string text = absl::StrFormat(
      "  %-24s %11s   of %d tokens\n", "largest batch",
      plan.largest_batch ? absl::StrCat(*plan.largest_batch) : "none", plan.size.context);
  absl::StrAppendFormat(&text, "  %-24s %11s   for %s\n", "largest context",
                        plan.largest_context ? absl::StrCat(*plan.largest_context) : "none",
                        Count(plan.size.sequences, "sequence", "sequences"));
  return text;
}

}  // namespace

std::string PlanText(const MemoryPlan& plan, const MemoryBudget& budget) {
  std::string text =
      absl::StrCat("memory for ", Count(plan.size.sequences, "sequence", "sequences"), " of ",
                   plan.size.context, " tokens\n");
  AddLine("weights and constants", plan.weight_bytes, "mapped from the artifact", text);
  AddLine("code and tokenizer", plan.code_bytes, "mapped from the artifact", text);
  AddLine("workspace", plan.workspace_bytes,
          absl::StrCat("a step of ", plan.most_step_rows, " rows, ", plan.size.sequences,
                       " with logits"),
          text);
  AddLine("scratch", plan.scratch_bytes, Count(plan.threads, "thread", "threads"), text);
  AddLine("the program itself", plan.process_bytes, "an upper limit", text);
  for (const GroupMemory& group : plan.groups)
    AddLine(absl::StrCat("cache ", group.name),
            group.page_bytes * static_cast<uint64_t>(group.num_pages), GroupText(group), text);
  AddLine("total", plan.total_bytes(), "", text);
  absl::StrAppend(&text, "\n");
  AddLine("a token", plan.token_bytes(), "in the caches", text);
  AddLine("a sequence", plan.sequence_bytes(),
          absl::StrCat("of ", plan.size.context, " tokens, in the caches"), text);
  AddLine("memory", budget.bytes, budget.source, text);
  if (Fits(plan, budget)) {
    AddLine("left", budget.bytes - plan.total_bytes(), "", text);
  } else {
    AddLine("missing", plan.total_bytes() - budget.bytes, "", text);
  }
  return text + LargestText(plan);
}

std::string PlanJson(const MemoryPlan& plan, const MemoryBudget& budget) {
  Json groups = Json::array();
  for (const GroupMemory& group : plan.groups) {
    groups.push_back({{"name", group.name},
                      {"window", group.window},
                      {"page_tokens", group.page_tokens},
                      {"page_bytes", group.page_bytes},
                      {"token_bytes", group.token_bytes()},
                      {"pages_per_sequence", group.pages_per_sequence},
                      {"pages", group.num_pages}});
  }
  const Json json = {{"context", plan.size.context},
                     {"sequences", plan.size.sequences},
                     {"step_rows", plan.size.step_rows},
                     {"most_step_rows", plan.most_step_rows},
                     {"threads", plan.threads},
                     {"weight_bytes", plan.weight_bytes},
                     {"code_bytes", plan.code_bytes},
                     {"workspace_bytes", plan.workspace_bytes},
                     {"scratch_bytes", plan.scratch_bytes},
                     {"process_bytes", plan.process_bytes},
                     {"groups", std::move(groups)},
                     {"token_bytes", plan.token_bytes()},
                     {"sequence_bytes", plan.sequence_bytes()},
                     {"cache_bytes", plan.pool_bytes()},
                     {"total_bytes", plan.total_bytes()},
                     {"memory_bytes", budget.bytes},
                     {"memory_source", budget.source},
                     {"fits", Fits(plan, budget)},
                     {"largest_batch", plan.largest_batch.value_or(0)},
                     {"largest_context", plan.largest_context.value_or(0)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lathe
