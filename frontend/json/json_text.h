// JSON as text in one line: what json_value.h reads, written again.
//   std::string text = JsonText(value);   // {"a":[1,2.50],"b":"x"}
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "frontend/json/json_value.h"

namespace lathe {

// Numbers keep their spelling, members their order.
std::string JsonText(const JsonValue& value);

// `text` in quotes; bytes that are no UTF-8 become U+FFFD, since JSON has no other bytes.
std::string JsonString(absl::string_view text);

}  // namespace lathe
