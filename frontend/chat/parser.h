// Template source -> syntax tree. What the engine does not know is refused here, with its place,
// and not when it is reached.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/chat/syntax.h"

namespace lathe {

// Errors, as "name:line:column: ...": InvalidArgument for what is no template, Unimplemented for
// tags of Jinja that chat templates have no use for (include, import, extends, block, call, ...).
absl::StatusOr<Body> ParseTemplate(absl::string_view source, absl::string_view name);

}  // namespace lathe
