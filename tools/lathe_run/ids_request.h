// The file of --ids: {"prompt_ids": [1, 2], "max_new_tokens": 5, "pieces": [1, 1]}, or lists of
// such lists for a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/json/json_value.h"

namespace lathe {

struct IdsRequest {
  bool is_batch = false;                      // prompt_ids is a list of lists
  std::vector<std::vector<int32_t>> prompts;  // at least one, none empty
  int64_t max_new_tokens = 0;
  std::vector<std::vector<int64_t>> pieces;  // one for each prompt; empty: as the scheduler likes
};

// Errors: InvalidArgument with `origin` (the file), the key, what was found and what was expected.
absl::StatusOr<IdsRequest> ReadIdsRequest(absl::string_view text, absl::string_view origin);

// A list of ids, or a list of such lists: `is_batch` says which. `what` names it in messages
// ("prompt_ids").
absl::StatusOr<std::vector<std::vector<int32_t>>> ReadIdLists(const JsonValue& value,
                                                              absl::string_view what,
                                                              bool* is_batch);

}  // namespace lathe
