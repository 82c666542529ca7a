// The sizes of an example step, at which costs that are expressions become numbers.
//   LATHE_ASSIGN_OR_RETURN(StepSizes sizes, ReadStepSizes(manifest, {"tokens=512"}));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

struct StepSizes {
  std::vector<int64_t> values;  // one for each symbol of the manifest
  std::string text;             // "tokens=512 sequences=1 ..."
};

// `given`: words "symbol=value". What they leave out is a step of one sequence: one token and 512
// keys, or no keys but the tokens' own when they are more. InvalidArgument for other words, unknown
// symbols and values that are no numbers above 0.
absl::StatusOr<StepSizes> ReadStepSizes(const artifact::Manifest& manifest,
                                        absl::Span<const std::string> given);

}  // namespace lathe
