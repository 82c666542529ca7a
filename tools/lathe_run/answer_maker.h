// From what people ask to what the generator runs: a line of --requests or the command line, over
// the command line, over what the artifact says.
//   const AnswerMaker maker(FieldsOf(options), manifest, tokenizer, encoder, context);
//   LATHE_ASSIGN_OR_RETURN(std::vector<AnswerSpec> specs, maker.Make(fields));
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/artifact/artifact.pb.h"
#include "tools/lathe_run/answer.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/prompt.h"
#include "tools/lathe_run/request_line.h"

namespace lathe {

// What the flags say, the prompt among it. Errors: those of the file of --tools.
absl::StatusOr<RequestFields> FieldsOf(const RunOptions& options);

class AnswerMaker {
 public:
  // `defaults`: for what a request leaves out; its question is none of it. All else outlives the
  // maker. `context`: tokens that a request may have.
  AnswerMaker(RequestFields defaults, const artifact::Manifest& manifest,
              const Tokenizer& tokenizer, const PromptEncoder& encoder, int64_t context);

  // One for each of n answers, which differ in their seeds: seed, seed + 1, ... Errors: those of
  // the prompt and of MakeSampling.
  absl::StatusOr<std::vector<AnswerSpec>> Make(const RequestFields& asked) const;

 private:
  RequestFields WithDefaults(const RequestFields& asked) const;

  RequestFields defaults_;
  const artifact::Manifest& manifest_;
  const Tokenizer& tokenizer_;
  const PromptEncoder& encoder_;
  int64_t context_;
};

}  // namespace lathe
