// Many answers through one generator, side by side: handed over when they come, handed out when
// they end.
//   AnswerBatch batch(generator, tokenizer);
//   LATHE_ASSIGN_OR_RETURN(int64_t id, batch.Submit(spec, {}));
//   while (!batch.empty()) for (AnswerBatch::Done& done : batch.Step()) Tell(done);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/generate/generator.h"
#include "tools/lathe_run/answer.h"
#include "tools/lathe_run/interrupt.h"

namespace lathe {

class AnswerBatch {
 public:
  struct Done {
    int64_t id = 0;
    absl::StatusOr<Answer> answer;  // an error is this answer's alone
  };

  // Both outlive the batch.
  AnswerBatch(Generator& generator, const Tokenizer& tokenizer)
      : generator_(generator), tokenizer_(tokenizer) {}

  // Ids ascend. Errors: those of Generator::Submit.
  absl::StatusOr<int64_t> Submit(AnswerSpec spec, AnswerReader reader);

  // The answers to one question, which share what is read of it; their ids. None or all of
  // `readers` are there. Errors: those of the first, as the answers differ in nothing that could be
  // refused.
  absl::StatusOr<std::vector<int64_t>> SubmitAll(std::vector<AnswerSpec> specs,
                                                 std::vector<AnswerReader> readers);

  // One step of all; those that ended with it.
  std::vector<Done> Step();

  // The next step ends all answers with what they have.
  void CancelAll();

  bool empty() const { return runs_.empty(); }
  size_t size() const { return runs_.size(); }

 private:
  Generator& generator_;
  const Tokenizer& tokenizer_;
  std::map<int64_t, std::unique_ptr<AnswerRun>> runs_;  // by the generator's id
};

// One answer, to its end; Ctrl-C ends it with what it has.
absl::StatusOr<Answer> RunAnswer(AnswerBatch& batch, AnswerSpec spec, AnswerReader reader,
                                 const InterruptGuard& interrupt);

}  // namespace lathe
