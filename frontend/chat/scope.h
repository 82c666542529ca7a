// The variables of one body. A name is looked up here, then in the bodies around; it is set here
// only.
#pragma once

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/chat/value.h"

namespace lathe {

class Scope {
 public:
  // `parent` may be null, and outlives this.
  explicit Scope(const Scope* parent) : parent_(parent) {}

  // `name` is not copied: it belongs to the template or to the input, which outlive the rendering.
  void Set(absl::string_view name, Value value);
  // Null where there is no such variable.
  const Value* Find(absl::string_view name) const;

 private:
  const Scope* parent_;
  std::vector<std::pair<absl::string_view, Value>> variables_;
};

}  // namespace lathe
