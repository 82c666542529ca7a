#include "frontend/tokenizer/json_document.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 32;  // tokenizer.json nests 6 deep

// Builds the document from the parser's events. nlohmann's own builder would keep the last of two
// equal keys in silence.
class DocumentBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit DocumentBuilder(absl::string_view text) : text_(text) {}

  bool null() override { return Add(json(nullptr)); }
  bool boolean(bool value) override { return Add(json(value)); }
  bool number_integer(number_integer_t value) override { return Add(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Add(json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return Add(json(value)); }
  bool string(string_t& value) override { return Add(json(std::move(value))); }
  bool binary(binary_t&) override { return Fail("binary value"); }
  bool start_object(size_t) override { return Open(json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(json::array()); }
  bool end_array() override { return Close(); }
  bool key(string_t& value) override {
    auto [entry, is_new] = open_.back()->get_ptr<json::object_t*>()->emplace(value, nullptr);
    if (!is_new)
      return Fail(absl::StrCat("the key ", Quoted(value), " occurs twice in one object"));
    slot_ = &entry->second;
    return true;
  }
  bool parse_error(size_t position, const std::string& token,
                   const nlohmann::detail::exception&) override {
    size_t offset = std::min(position == 0 ? 0 : position - 1, text_.size());
    auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(offset), '\n');
    return Fail(absl::StrCat("not valid JSON at line ", line, ", byte ", offset, ", near ",
                             Quoted(token, 40), "; fetch the file again"));
  }

  json& root() { return root_; }
  const std::string& error() const { return error_; }

 private:
  bool Fail(std::string message) {
    error_ = std::move(message);
    return false;
  }
  // The new value's place: the root, the value of the last key, or the end of the open array.
  json* Place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      auto* array = open_.back()->get_ptr<json::array_t*>();
      array->push_back(std::move(value));
      return &array->back();
    }
    *slot_ = std::move(value);
    return slot_;
  }
  bool Add(json value) {
    Place(std::move(value));
    return true;
  }
  bool Open(json value) {
    if (open_.size() == kMaxDepth) return Fail(absl::StrCat("nested over ", kMaxDepth, " deep"));
    open_.push_back(Place(std::move(value)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  absl::string_view text_;
  json root_;
  json* slot_ = nullptr;
  std::vector<json*>
      open_;  // stay valid: an open array does not grow until its last element is closed
  std::string error_;
};

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text) {
  DocumentBuilder builder(text);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    return absl::InvalidArgumentError(builder.error());
  }
  return std::move(builder.root());
}

absl::string_view JsonKind(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "an array";
    case json::value_t::string:
      return "a string";
    case json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

absl::Status JsonError(absl::string_view path, absl::string_view found,
                       absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", found, ", expected ", expected));
}

absl::StatusOr<JsonObject> JsonObject::Open(const json& value, std::string path) {
  if (!value.is_object()) {
    return JsonError(path.empty() ? "document" : path, JsonKind(value), "an object");
  }
  return JsonObject(value, std::move(path));
}

std::string JsonObject::PathOf(absl::string_view key) const {
  return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key);
}

const json* JsonObject::Find(absl::string_view key) {
  std::string name(key);
  read_.insert(name);
  auto entry = value_->find(name);
  return entry == value_->end() ? nullptr : &*entry;
}

absl::StatusOr<const json*> JsonObject::Required(absl::string_view key) {
  const json* value = Find(key);
  if (value == nullptr) {
    return absl::NotFoundError(absl::StrCat(PathOf(key), ": the key is missing"));
  }
  return value;
}

absl::StatusOr<const json*> JsonObject::Array(absl::string_view key) {
  LATHE_ASSIGN_OR_RETURN(const json* value, Required(key));
  if (!value->is_array()) return JsonError(PathOf(key), JsonKind(*value), "an array");
  return value;
}

absl::StatusOr<std::string> JsonObject::String(absl::string_view key) {
  LATHE_ASSIGN_OR_RETURN(const json* value, Required(key));
  if (!value->is_string()) return JsonError(PathOf(key), JsonKind(*value), "a string");
  return *value->get_ptr<const json::string_t*>();
}

absl::StatusOr<bool> JsonObject::Bool(absl::string_view key) {
  LATHE_ASSIGN_OR_RETURN(const json* value, Required(key));
  if (!value->is_boolean()) return JsonError(PathOf(key), JsonKind(*value), "true or false");
  return *value->get_ptr<const json::boolean_t*>();
}

absl::StatusOr<bool> JsonObject::Bool(absl::string_view key, bool value_when_absent) {
  if (Find(key) == nullptr) return value_when_absent;
  return Bool(key);
}

absl::StatusOr<uint32_t> JsonObject::Index(absl::string_view key, uint32_t limit) {
  LATHE_ASSIGN_OR_RETURN(const json* value, Required(key));
  const auto* number = value->get_ptr<const json::number_unsigned_t*>();
  if (!value->is_number_unsigned() || *number >= limit) {
    return JsonError(PathOf(key), Quoted(value->dump(), 40),
                     absl::StrCat("an integer from 0 to ", limit - 1));
  }
  return static_cast<uint32_t>(*number);
}

bool JsonObject::IsBlank(absl::string_view key) {
  const json* value = Find(key);
  if (value == nullptr || value->is_null()) return true;
  return value->is_string() && value->get_ptr<const json::string_t*>()->empty();
}

absl::Status JsonObject::CheckAllRead() const {
  for (const auto& entry : value_->items()) {
    if (read_.count(entry.key()) != 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        PathOf(entry.key()), ": unknown key, expected one of: ", absl::StrJoin(read_, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace lathe
