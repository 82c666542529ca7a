// Tool calls as one JSON object between tags:
//   <tool_call>
//   {"name": "get_weather", "arguments": {"city": "Oslo"}}
//   </tool_call>
// The object ends where its braces close outside strings, so strings may hold the tags. JSON has no
// line breaks in strings and no '<' outside them: a call that was never closed is known as broken
// there and does not swallow the ones that follow.
#include "absl/strings/str_cat.h"
#include "frontend/json/json_text.h"
#include "frontend/json/json_value.h"
#include "frontend/reply/call_reader.h"
#include "frontend/reply/tag_matcher.h"
#include "frontend/reply/tags.h"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;

class HermesJsonReader : public CallReader {
 public:
  Progress Push(char byte) override;
  Progress Finish(bool is_cut) override;

 private:
  enum class Part : uint8_t { kBefore, kObject, kAfter };

  Progress PushObject(char byte);
  Progress PushAfter(char byte);
  // The object is complete: false with a reason in `why` when it is no call.
  bool ReadObject(std::string* why);
  bool ReadArguments(const JsonValue* arguments, std::string* why);

  Part part_ = Part::kBefore;
  std::string object_;
  int64_t depth_ = 0;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  TagMatcher tags_{{kCallClose, kCallOpen}};
};

CallReader::Progress HermesJsonReader::Push(char byte) {
  if (part_ == Part::kAfter) return PushAfter(byte);
  if (part_ == Part::kObject) return PushObject(byte);
  if (byte == '{') {
    part_ = Part::kObject;
    return PushObject(byte);
  }
  if (IsBlank({&byte, 1})) return {};
  return Break(absl::StrCat("no '{' behind ", kCallOpen), 1);
}

CallReader::Progress HermesJsonReader::PushObject(char byte) {
  if (is_in_string_ && static_cast<unsigned char>(byte) < 0x20) {
    return Break("a string of its JSON is not closed", 1);
  }
  if (!is_in_string_ && byte == '<') return Break("its JSON is not closed", 1);
  object_.push_back(byte);
  if (is_in_string_) {
    if (!is_escaped_ && byte == '"') is_in_string_ = false;
    is_escaped_ = !is_escaped_ && byte == '\\';
    return {};
  }
  if (byte == '"') is_in_string_ = true;
  if (byte == '{' || byte == '[') ++depth_;
  if (byte == '}' || byte == ']') --depth_;
  if (depth_ > 0) return {};
  std::string why;
  if (!ReadObject(&why)) return Break(std::move(why), 0);
  part_ = Part::kAfter;
  return {};
}

CallReader::Progress HermesJsonReader::PushAfter(char byte) {
  std::string text;
  const std::optional<size_t> tag = tags_.Push(byte, &text);
  if (!IsBlank(text)) return Break("text follows its JSON", 1);
  if (!tag.has_value()) return {};
  // The next call may begin without the end of this one.
  return {State::kWhole, tags_.tag(*tag) == kCallOpen ? tags_.tag(*tag).size() : 0};
}

CallReader::Progress HermesJsonReader::Finish(bool is_cut) {
  if (part_ != Part::kAfter) return Break("the text ends inside its JSON", 0);
  std::string text;
  tags_.Finish(&text);
  // The closed object is all of the call, but a model that ends in half a tag meant something else.
  if (!is_cut && !IsBlank(text)) return Break("text follows its JSON", 0);
  return {State::kWhole};
}

bool HermesJsonReader::ReadObject(std::string* why) {
  absl::StatusOr<JsonValue> object = ParseJson(object_, "its JSON");
  object_.clear();
  if (!object.ok()) {
    *why = std::string(object.status().message());
    return false;
  }
  const JsonValue* name = object->Find("name");
  if (name == nullptr || name->kind != Kind::kString || name->text.empty()) {
    *why = absl::StrCat("name: found ", name == nullptr ? "nothing" : Describe(*name),
                        ", expected the name of a tool");
    return false;
  }
  call_.name = name->text;
  return ReadArguments(object->Find("arguments"), why);
}

// Without arguments there are none. Text that is the JSON of an object is that object: models learn
// this from histories in OpenAI's protocol.
bool HermesJsonReader::ReadArguments(const JsonValue* arguments, std::string* why) {
  if (arguments == nullptr) {
    call_.arguments = "{}";
    return true;
  }
  if (arguments->kind == Kind::kString) {
    absl::StatusOr<JsonValue> inner = ParseJson(arguments->text, "arguments");
    if (inner.ok() && inner->is_object()) {
      call_.arguments = JsonText(*inner);
      return true;
    }
  }
  if (!arguments->is_object()) {
    *why = absl::StrCat("arguments: found ", Describe(*arguments), ", expected an object");
    return false;
  }
  call_.arguments = JsonText(*arguments);
  return true;
}

}  // namespace

std::unique_ptr<CallReader> MakeHermesJsonReader() { return std::make_unique<HermesJsonReader>(); }

}  // namespace lathe
