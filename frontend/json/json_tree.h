// A strictly read document in the form that chat templates take.
//   nlohmann::ordered_json messages = JsonTree(*root.Find("messages"));
#pragma once

#include "frontend/json/json_value.h"
#include "nlohmann/json.hpp"

namespace lathe {

// Members keep their order. A float keeps its value, not its spelling.
nlohmann::ordered_json JsonTree(const JsonValue& value);

}  // namespace lathe
