// JSON from a request or a file -> template values.
#pragma once

#include "absl/status/statusor.h"
#include "frontend/chat/value.h"
#include "nlohmann/json.hpp"

namespace lathe {

// Keeps the order of keys. Errors: InvalidArgument for nesting beyond kMaxValueDepth and for binary
// values.
absl::StatusOr<Value> ValueFromJson(const nlohmann::ordered_json& json);

// A list of messages, in which tool-call arguments that are the JSON text of an object (the form of
// the OpenAI protocol) have become that object, because templates iterate over them; empty text
// becomes an empty object. Any other text, such as what a model broke off in the middle, stays a
// string: templates that print it may still do so. Errors: InvalidArgument, naming the message, for
// what is no list of objects.
absl::StatusOr<Value> MessagesFromJson(const nlohmann::ordered_json& messages);

}  // namespace lathe
