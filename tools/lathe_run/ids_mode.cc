#include "tools/lathe_run/ids_mode.h"

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/ids_request.h"
#include "tools/lathe_run/interrupt.h"
#include "tools/lathe_run/tensor_dump.h"

namespace lathe {
namespace {

constexpr size_t kMaxIdsFileBytes = size_t{16} << 20;

// "[1, 2]"
std::string ListText(const std::vector<int32_t>& ids) {
  return absl::StrCat("[", absl::StrJoin(ids, ", "), "]");
}

std::string JsonText(const IdsRequest& asked, const std::vector<Result>& results) {
  std::vector<std::string> lists;
  for (const Result& result : results) lists.push_back(ListText(result.tokens));
  std::string all = absl::StrJoin(lists, ", ");
  return absl::StrCat("{\"greedy_ids\": ", asked.is_batch ? absl::StrCat("[", all, "]") : all,
                      "}\n");
}

std::string PlainText(const std::vector<Result>& results) {
  std::string out;
  for (const Result& result : results)
    absl::StrAppend(&out, absl::StrJoin(result.tokens, " "), "\n");
  return out;
}

// Names as in the golden files: prefill_logits and greedy_logits for one prompt, last_logits.i and
// greedy_logits.i for a batch.
std::vector<NamedTensor> LogitTensors(const IdsRequest& asked, std::vector<Result> results,
                                      int64_t vocab_size) {
  std::vector<NamedTensor> tensors;
  for (size_t i = 0; i < results.size(); ++i) {
    Result& result = results[i];
    int64_t num_new = static_cast<int64_t>(result.tokens.size());
    std::string suffix = asked.is_batch ? absl::StrCat(".", i) : "";
    if (asked.is_batch) {
      auto end = result.prompt_logits.end();
      tensors.push_back(
          {"last_logits" + suffix, {1, vocab_size}, std::vector<float>(end - vocab_size, end)});
    } else {
      tensors.push_back({"prefill_logits",
                         {static_cast<int64_t>(asked.prompts[i].size()), vocab_size},
                         std::move(result.prompt_logits)});
    }
    tensors.push_back(
        {"greedy_logits" + suffix, {num_new, vocab_size}, std::move(result.token_logits)});
  }
  return tensors;
}

// All requests at once, to the end.
absl::StatusOr<std::vector<Result>> RunAll(Generator& generator, absl::Span<const int64_t> ids) {
  InterruptGuard interrupt;
  while (true) {
    LATHE_ASSIGN_OR_RETURN(bool has_more, generator.Step());
    if (!has_more) break;
    if (interrupt.interrupted()) return absl::CancelledError("interrupted; nothing was written");
  }
  std::vector<Result> results;
  for (size_t i = 0; i < ids.size(); ++i) {
    std::optional<Result> result = generator.Take(ids[i]);
    LATHE_RETURN_IF_ERROR(result->status, "prompt ", i);
    results.push_back(*std::move(result));
  }
  return results;
}

absl::StatusOr<IdsRequest> ReadFileOfIds(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxIdsFileBytes));
  return ReadIdsRequest(text, path);
}

}  // namespace

absl::Status RunIds(const RunOptions& options, Session& session) {
  LATHE_ASSIGN_OR_RETURN(IdsRequest asked, ReadFileOfIds(*options.ids_file));
  std::vector<int64_t> lengths;
  int64_t longest_piece = 0;
  for (size_t i = 0; i < asked.prompts.size(); ++i) {
    int64_t num_prompt = static_cast<int64_t>(asked.prompts[i].size());
    lengths.push_back(num_prompt + std::min<int64_t>(asked.max_new_tokens, 1 << 30));
    for (int64_t piece : asked.pieces[i])
      longest_piece = std::max(longest_piece, std::min(piece, num_prompt));
  }
  LATHE_ASSIGN_OR_RETURN(Generator generator,
                         session.MakeGenerator(options.context, lengths, longest_piece));

  bool has_dump = options.dump_file.has_value();
  PromptProbe probe(static_cast<int64_t>(asked.prompts[0].size()));
  std::vector<int64_t> ids;
  for (size_t i = 0; i < asked.prompts.size(); ++i) {
    Request request{.prompt = asked.prompts[i],
                    .max_new_tokens = asked.max_new_tokens,
                    .pieces = asked.pieces[i],
                    .allow_padding_ids = true};
    request.keep_prompt_logits = has_dump;
    request.keep_token_logits = has_dump;
    if (has_dump && !asked.is_batch)
      request.on_step = [&probe](const StepView& view) { probe.OnStep(view); };
    std::string where =
        asked.is_batch ? absl::StrCat(*options.ids_file, ": prompt ", i) : *options.ids_file;
    LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit(std::move(request)), where);
    ids.push_back(id);
  }
  LATHE_ASSIGN_OR_RETURN(std::vector<Result> results, RunAll(generator, ids), *options.ids_file);
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(session.ledger().Text(), session.MemoryText(generator)));
  }
  std::string text = options.json ? JsonText(asked, results) : PlainText(results);
  if (has_dump) {
    LATHE_ASSIGN_OR_RETURN(std::vector<NamedTensor> tensors, std::move(probe).Take());
    int64_t vocab_size = session.artifact().manifest().vocab_size();
    for (NamedTensor& tensor : LogitTensors(asked, std::move(results), vocab_size))
      tensors.push_back(std::move(tensor));
    LATHE_RETURN_IF_ERROR(WriteTensors(tensors, *options.dump_file));
  }
  return WriteStdout(text);
}

}  // namespace lathe
