// Rendering a template from its source, as the tests of this folder do.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "frontend/chat/chat_template.h"

namespace lathe::testing {

// With `variables` as chat_template_kwargs; the template is called "t".
inline absl::StatusOr<std::string> Render(const std::string& source,
                                          nlohmann::ordered_json variables = nullptr) {
  auto chat_template = ChatTemplate::Parse(source, "t");
  if (!chat_template.ok()) return chat_template.status();
  ChatInput input;
  input.variables = std::move(variables);
  return chat_template->Render(input);
}

// The message with which the template is refused; empty when it is not.
inline std::string RefusalOf(const std::string& source,
                             nlohmann::ordered_json variables = nullptr) {
  return std::string(Render(source, std::move(variables)).status().message());
}

}  // namespace lathe::testing
