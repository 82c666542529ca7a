// What a request must keep to before it is queued.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/generate/request.h"

namespace lathe {

struct RequestLimits {
  int64_t vocab_size = 0;
  int64_t context = 0;      // tokens of a sequence
  int64_t max_context = 0;  // what --context may be at most
  bool is_greedy = false;   // the model can choose nothing but the largest logit
};

// Errors: FailedPrecondition for a choice that the model cannot make, InvalidArgument for an empty
// prompt, ids that the model does not have, sampling fields out of their ranges, pieces that do not
// add up, more tokens than the context holds.
absl::Status CheckRequest(const Request& request, const RequestLimits& limits);

}  // namespace lathe
