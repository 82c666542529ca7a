// One answer of the model: ids of a prompt in, text on stdout while it comes, and what became of
// it.
//   LATHE_ASSIGN_OR_RETURN(Answer answer, RunAnswer(asker, std::move(request), false, interrupt));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/reply/reply_event.h"
#include "frontend/reply/reply_format.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/generator.h"
#include "tools/lathe_run/interrupt.h"
#include "tools/lathe_run/options.h"

namespace lathe {

// What is the same for all answers of a run. All of it outlives them.
struct Asker {
  const RunOptions& options;
  const Tokenizer& tokenizer;
  ReplyFormat format;
  SamplingParams sampling;
  Generator& generator;
};

struct Answer {
  std::string text = {};  // as the model wrote it
  Reply reply = {};       // the same by its parts
  Result result = {};
  int64_t num_prompt_tokens = 0;
  double first_seconds = 0;  // until the first token
  double rest_seconds = 0;   // from there to the last
};

// The request for an answer to `prompt`. Its new tokens: as the options say, else the model's own
// limit as far as the context has room, else none.
Request MakeRequest(const RunOptions& options, const artifact::Manifest& manifest,
                    const SamplingParams& sampling, std::vector<int32_t> prompt);

// Generates and prints the answer; Ctrl-C ends it with what it has. With JSON it is one line once
// it is whole. Errors: those of Generator::Submit before anything is printed, of a step, of stdout.
absl::StatusOr<Answer> RunAnswer(const Asker& asker, Request request, bool opens_reasoning,
                                 InterruptGuard& interrupt);

// Why the answer ended, where its reader would wonder; "" else.
std::string EndText(const Answer& answer, const Generator& generator);
// How fast it came.
std::string SpeedText(const Answer& answer);

}  // namespace lathe
