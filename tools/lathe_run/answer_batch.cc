#include "tools/lathe_run/answer_batch.h"

#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<int64_t> AnswerBatch::Submit(AnswerSpec spec, AnswerReader reader) {
  auto run = std::make_unique<AnswerRun>(std::move(spec), tokenizer_, std::move(reader));
  LATHE_ASSIGN_OR_RETURN(const int64_t id, generator_.Submit(run->TakeRequest()));
  runs_.emplace(id, std::move(run));
  return id;
}

absl::StatusOr<std::vector<int64_t>> AnswerBatch::SubmitAll(std::vector<AnswerSpec> specs,
                                                            std::vector<AnswerReader> readers) {
  readers.resize(specs.size());
  std::vector<int64_t> ids;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (i > 0) specs[i].request.fork_of = ids.front();
    LATHE_ASSIGN_OR_RETURN(const int64_t id, Submit(std::move(specs[i]), std::move(readers[i])));
    ids.push_back(id);
  }
  return ids;
}

std::vector<AnswerBatch::Done> AnswerBatch::Step() {
  const AnswerRun::Clock::time_point now = AnswerRun::Clock::now();
  for (const auto& [id, run] : runs_) run->OnStepBegin(now);
  const absl::StatusOr<bool> stepped = generator_.Step();
  std::vector<Done> done;
  for (auto run = runs_.begin(); run != runs_.end();) {
    std::optional<Result> result = generator_.Take(run->first);
    if (!result.has_value()) {
      ++run;
      continue;
    }
    done.push_back({run->first, run->second->Finish(*std::move(result))});
    run = runs_.erase(run);
  }
  // The requests of a step that failed have its error.
  LATHE_CHECK(stepped.ok() || !done.empty()) << stepped.status().ToString();
  return done;
}

void AnswerBatch::CancelAll() {
  for (const auto& [id, run] : runs_) generator_.Cancel(id);
}

absl::StatusOr<Answer> RunAnswer(AnswerBatch& batch, AnswerSpec spec, AnswerReader reader,
                                 const InterruptGuard& interrupt) {
  LATHE_RETURN_IF_ERROR(batch.Submit(std::move(spec), std::move(reader)).status());
  while (true) {
    if (interrupt.interrupted()) batch.CancelAll();
    std::vector<AnswerBatch::Done> done = batch.Step();
    if (!done.empty()) return std::move(done.front().answer);
  }
}

}  // namespace lathe
