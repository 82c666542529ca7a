#include "frontend/json/json_value.h"

#include <limits>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_events.h"
#include "runtime/base/strings.h"
#include "runtime/base/text_position.h"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;

// Receives the events of nlohmann's parser (which itself needs no recursion) and builds the tree.
// The library's own tree keeps the last of duplicate keys in silence, hence this one.
class TreeBuilder : public JsonEvents {
 public:
  explicit TreeBuilder(JsonValue& root) : root_(root) {}

  bool null() { return Add(Kind::kNull) != nullptr; }
  bool boolean(bool value) {
    JsonValue* node = Add(Kind::kBool);
    if (node != nullptr) node->boolean = value;
    return node != nullptr;
  }
  bool number_integer(int64_t value) { return AddInt(value); }
  bool number_unsigned(uint64_t value) {
    if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return AddInt(static_cast<int64_t>(value));
    }
    return AddFloat(static_cast<double>(value), absl::StrCat(value));
  }
  bool number_float(double value, const std::string& spelling) { return AddFloat(value, spelling); }
  bool string(std::string& value) {
    JsonValue* node = Add(Kind::kString);
    if (node != nullptr) node->text = std::move(value);
    return node != nullptr;
  }
  bool start_object(size_t) { return Open(Kind::kObject); }
  bool start_array(size_t) { return Open(Kind::kList); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    Frame& frame = open_.back();
    if (!frame.names.insert(name).second) {
      return Refuse(
          absl::StrCat("the key ", Quoted(name), " occurs twice in one object; keep one"));
    }
    frame.node->members.push_back({std::move(name), {}});
    return true;
  }

 private:
  struct Frame {
    JsonValue* node;
    std::unordered_set<std::string> names;
  };

  // The pointer stays valid until the value closes: a container grows only while none of its
  // children is open.
  JsonValue* Add(Kind kind) {
    if (++values_ > kMaxJsonValues) {
      Refuse(absl::StrCat("more than ", kMaxJsonValues, " values, which no configuration has"));
      return nullptr;
    }
    JsonValue* node = &root_;
    if (!open_.empty()) {
      JsonValue* parent = open_.back().node;
      node = parent->is_object() ? &parent->members.back().value : &parent->items.emplace_back();
    }
    node->kind = kind;
    return node;
  }
  bool AddInt(int64_t value) {
    JsonValue* node = Add(Kind::kInt);
    if (node == nullptr) return false;
    node->integer = value;
    node->number = static_cast<double>(value);
    node->text = absl::StrCat(value);
    return true;
  }
  bool AddFloat(double value, std::string spelling) {
    JsonValue* node = Add(Kind::kFloat);
    if (node == nullptr) return false;
    node->number = value;
    node->text = std::move(spelling);
    return true;
  }
  bool Open(Kind kind) {
    if (open_.size() >= kMaxJsonDepth) {
      return Refuse(absl::StrCat("nested more than ", kMaxJsonDepth, " levels deep"));
    }
    JsonValue* node = Add(kind);
    if (node == nullptr) return false;
    open_.push_back({node, {}});
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonValue& root_;
  std::vector<Frame> open_;
  size_t values_ = 0;
};

// Counts the bytes that the parser has taken, so that a refusal has a position too.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

}  // namespace

const JsonValue* JsonValue::Find(absl::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

std::string Describe(const JsonValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.boolean ? "true" : "false";
    case Kind::kInt:
    case Kind::kFloat:
      return absl::StrCat("the number ", value.text.substr(0, 60));
    case Kind::kString:
      return absl::StrCat("the string ", Quoted(value.text, 60));
    case Kind::kList:
      return absl::StrCat("a list of ", value.items.size());
    case Kind::kObject:
      return absl::StrCat("an object with ", value.members.size(), " keys");
  }
  return "";
}

absl::StatusOr<JsonValue> ParseJson(absl::string_view text, absl::string_view origin) {
  if (text.size() > kMaxJsonBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        origin, ": ", HumanBytes(text.size()), " of JSON, at most ", HumanBytes(kMaxJsonBytes)));
  }
  JsonValue root;
  TreeBuilder builder(root);
  const char* furthest = text.data();
  const char* end = text.data() + text.size();
  if (nlohmann::json::sax_parse(CountingIterator(text.data(), &furthest),
                                CountingIterator(end, &furthest), &builder)) {
    return root;
  }
  if (builder.refusal().empty()) return JsonFailure(text, origin, builder);
  const auto taken = static_cast<size_t>(furthest - text.data());
  return absl::InvalidArgumentError(
      absl::StrCat(origin, ": ", Describe(PositionAt(text, taken - 1)), ": ", builder.refusal()));
}

}  // namespace lathe
