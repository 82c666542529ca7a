// A request of C as the generator takes it: pointers followed and bounded, 0 replaced by what it
// stands for.
//   LATHE_ASSIGN_OR_RETURN(AskedRequest asked, ReadRequest(given, manifest, context));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/c_api/lathe.h"
#include "runtime/generate/request.h"

namespace lathe::c_api {

struct AskedRequest {
  Request request = {};                      // without callbacks
  std::vector<std::string> stop_texts = {};  // UTF-8, none empty
  bool shows_special = false;
  std::vector<int64_t> hidden_layers = {};  // that the model's steps give
};

// Whether the ranges suit the model is for Generator::Submit to say. Errors: InvalidArgument for
// pointers that are missing, lists beyond their bounds, stop texts that can never come;
// FailedPrecondition for hidden states of a model that was compiled without.
absl::StatusOr<AskedRequest> ReadRequest(const lathe_request* given,
                                         const artifact::Manifest& manifest, int64_t context);

// The same for its sampling alone, which is not null.
absl::StatusOr<SamplingParams> ReadSampling(const lathe_sampling* given,
                                            const artifact::Manifest& manifest);

}  // namespace lathe::c_api
