#include "test/support/golden/artifact_run.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_replace.h"
#include "runtime/base/status_macros.h"
#include "runtime/device/cpu/cpu_features.h"
#include "tools/lathe_run/session.h"
#include "tools/lathe_run/tensor_dump.h"

namespace lathe::testing {

absl::StatusOr<std::vector<PromptRun>> RunArtifact(const std::string& artifact,
                                                   const RunSpec& spec) {
  RunOptions options{.artifact = artifact, .threads = spec.threads, .cpu_level = spec.cpu_level};
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Open(options));
  std::vector<int64_t> lengths;
  for (const auto& prompt : spec.prompts)
    lengths.push_back(static_cast<int64_t>(prompt.size()) + spec.max_new_tokens);
  int64_t longest_piece =
      spec.pieces.empty() ? 0 : *std::max_element(spec.pieces.begin(), spec.pieces.end());
  LATHE_ASSIGN_OR_RETURN(Generator generator,
                         session->MakeGenerator(std::nullopt, lengths, longest_piece));

  std::deque<PromptProbe> probes;  // callbacks keep their addresses
  std::vector<int64_t> ids;
  for (const auto& prompt : spec.prompts) {
    PromptProbe& probe = probes.emplace_back(static_cast<int64_t>(prompt.size()));
    Request request{.prompt = prompt,
                    .max_new_tokens = spec.max_new_tokens,
                    .pieces = spec.pieces,
                    .allow_padding_ids = true,
                    .keep_prompt_logits = true,
                    .keep_token_logits = true};
    request.on_step = [&probe](const StepView& view) { probe.OnStep(view); };
    LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit(std::move(request)));
    ids.push_back(id);
  }
  LATHE_RETURN_IF_ERROR(generator.RunAll());

  std::vector<PromptRun> runs;
  for (size_t i = 0; i < ids.size(); ++i) {
    Result result = *generator.Take(ids[i]);
    LATHE_RETURN_IF_ERROR(result.status);
    PromptRun run{.tokens = std::move(result.tokens),
                  .prompt_logits = std::move(result.prompt_logits),
                  .token_logits = std::move(result.token_logits)};
    LATHE_ASSIGN_OR_RETURN(std::vector<NamedTensor> tensors, std::move(probes[i]).Take());
    for (NamedTensor& tensor : tensors) run.probes[tensor.name] = std::move(tensor.values);
    runs.push_back(std::move(run));
  }
  return runs;
}

bool CanRunLevel(const std::string& cpu_level) {
  return ChooseCpuLevel(LevelOf(ReadCpuid()), cpu_level).ok();
}

std::string LevelSuffix(const std::string& cpu_level) {
  return absl::StrReplaceAll(cpu_level, {{"x86-64-", ""}, {"-", "_"}});
}

}  // namespace lathe::testing
