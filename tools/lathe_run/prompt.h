// From the words of the command line to the ids that the model reads.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/artifact/artifact_reader.h"
#include "tools/lathe_run/options.h"

namespace lathe {

// --raw: the text as it is. Otherwise the chat template of the artifact around it; NotFound when it
// has none. InvalidArgument when nothing is left to read.
absl::StatusOr<std::vector<int32_t>> EncodePrompt(const RunOptions& options,
                                                  const Artifact& artifact,
                                                  const Tokenizer& tokenizer);

}  // namespace lathe
