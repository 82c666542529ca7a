// Base of the receivers of nlohmann's JSON events: refuses every event by default,
// so that a format states only what it allows, and turns refusals and syntax errors into one Status
// with file and position.
//   struct Names : JsonEvents { bool string(std::string& value) { ... } };
//   LATHE_RETURN_IF_ERROR(ParseJsonEvents(text, origin, names));
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "runtime/base/text_position.h"

namespace lathe {

// The methods have the names that the parser calls (nlohmann::json_sax), found at compile time:
// nothing is virtual.
class JsonEvents {
 public:
  bool null() { return Refuse("found null"); }
  bool boolean(bool) { return Refuse("found true or false"); }
  bool number_integer(int64_t value) { return Refuse(absl::StrCat("found the number ", value)); }
  bool number_unsigned(uint64_t value) { return Refuse(absl::StrCat("found the number ", value)); }
  bool number_float(double, const std::string& spelling) {
    return Refuse(absl::StrCat("found the number ", spelling.substr(0, 60)));
  }
  bool string(std::string&) { return Refuse("found a string"); }
  bool binary(std::vector<uint8_t>&) { return Refuse("found binary data"); }
  bool start_object(size_t) { return Refuse("found an object"); }
  bool key(std::string&) { return Refuse("found a key"); }
  bool end_object() { return Refuse("found the end of an object"); }
  bool start_array(size_t) { return Refuse("found a list"); }
  bool end_array() { return Refuse("found the end of a list"); }
  bool parse_error(size_t offset, const std::string&, const nlohmann::json::exception& error);

  // What stopped the parser. A syntax error has a position, a refusal names what it is about.
  const std::string& refusal() const { return refusal_; }
  const std::string& syntax_error() const { return syntax_error_; }
  size_t syntax_error_offset() const { return syntax_error_offset_; }

 protected:
  // Stops the parser; always false.
  bool Refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

 private:
  std::string refusal_;
  std::string syntax_error_;
  size_t syntax_error_offset_ = 0;
};

// InvalidArgument with `origin`, line and column, for what stopped the parser.
absl::Status JsonFailure(absl::string_view text, absl::string_view origin,
                         const JsonEvents& events);

// Runs the parser, which needs no recursion, over the whole `text`.
template <typename Events>
absl::Status ParseJsonEvents(absl::string_view text, absl::string_view origin, Events& events) {
  if (nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &events)) {
    return absl::OkStatus();
  }
  return JsonFailure(text, origin, events);
}

}  // namespace lathe
