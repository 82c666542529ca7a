// Reads tokenizer.json, the file of the Hugging Face tokenizers library, strictly: what is not
// understood is an error that names its place.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tokenizer_spec.h"

namespace lathe {

// InvalidArgument or NotFound for a broken file, Unimplemented for a feature that is not supported.
// Messages begin with the key's path.
absl::StatusOr<TokenizerSpec> ReadTokenizerJson(absl::string_view text);

}  // namespace lathe
