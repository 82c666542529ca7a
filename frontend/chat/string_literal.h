// What stands between the quotes of a string in a template -> its value.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// Python's escapes: \n \t \\ \' \x41 \u00e9 \U0001f600 \101 and their kin; an unknown one stays as
// it is written. Errors: InvalidArgument for a truncated escape, for one outside Unicode
// (surrogates included) and for \N{...}.
absl::StatusOr<std::string> UnescapeString(absl::string_view body);

}  // namespace lathe
