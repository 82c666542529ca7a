// Writes the binary form of a tokenizer (table_layout.h). The same specification gives the same
// bytes.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "frontend/tokenizer/tokenizer_spec.h"

namespace lathe {

// InvalidArgument when the specification has no token for some byte, too many ids, or texts beyond
// 4 GiB. Ids in merges, added tokens, prefix and suffix lie below tokens.size().
absl::StatusOr<std::string> BuildTables(const TokenizerSpec& spec);

}  // namespace lathe
