// Dates as text, in English and with no influence of the process's locale.
#pragma once

#include <ctime>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// strftime for the directives that chat templates use: a A b B d e H I j m M p S y Y and %, and "-"
// for numbers without padding. Errors: Unimplemented for another directive, InvalidArgument for a
// format that ends in one.
absl::StatusOr<std::string> FormatTime(absl::string_view format, const std::tm& time);

}  // namespace lathe
