// Bare text of an argument -> JSON of the type that the tool declares.
//   ReadArgument("3", "integer").json   // 3
//   ReadArgument("3", "string").json    // "3"
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

struct ArgumentValue {
  std::string json;
  bool has_type = true;  // false: the text is no JSON, so it became a string against its type
};

// `type`: of JSON schema, or "" for none. A string stays as it is. Anything else is read as JSON,
// then as one of Python's True, False and None, which templates write into histories; what is
// neither is a string. Empty text is the empty string.
ArgumentValue ReadArgument(absl::string_view text, absl::string_view type);

}  // namespace lathe
