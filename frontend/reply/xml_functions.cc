// Tool calls as tags with bare text for values:
//   <tool_call>
//   <function=get_weather>
//   <parameter=city>
//   Oslo
//   </parameter>
//   </function>
//   </tool_call>
// A value is all text up to the next tag of the form that can follow it, so it may hold any other
// markup. Tags that a model left out are made up for where the next one tells what is meant.
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "frontend/json/json_text.h"
#include "frontend/reply/argument_value.h"
#include "frontend/reply/call_reader.h"
#include "frontend/reply/tag_matcher.h"
#include "frontend/reply/tags.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr size_t kMaxNameBytes = 256;

class XmlFunctionsReader : public CallReader {
 public:
  XmlFunctionsReader(absl::string_view opening, const ToolTypes& types)
      : types_(types), part_(opening == kFunctionOpen ? Part::kName : Part::kBefore) {}

  Progress Push(char byte) override;
  Progress Finish(bool is_cut) override;

 private:
  enum class Part : uint8_t { kBefore, kName, kParameters, kKey, kValue, kAfter };

  Progress PushName(char byte);
  Progress OnTag(absl::string_view tag);
  Progress OnParametersTag(absl::string_view tag);
  Progress OnValueTag(absl::string_view tag);
  void EndValue();
  Progress End(size_t unread);

  const ToolTypes& types_;
  Part part_;
  TagMatcher tags_{
      {kFunctionOpen, kFunctionClose, kParameterOpen, kParameterClose, kCallOpen, kCallClose}};
  std::string name_;  // of the function or the parameter, as far as it came
  std::string value_;
  std::vector<std::pair<std::string, std::string>> arguments_;  // key and value, both as JSON
  absl::flat_hash_map<std::string, size_t> argument_of_key_;
  size_t bytes_after_ = 0;  // since kFunctionClose
};

CallReader::Progress XmlFunctionsReader::Push(char byte) {
  if (part_ == Part::kName || part_ == Part::kKey) return PushName(byte);
  if (part_ == Part::kAfter) ++bytes_after_;
  std::string text;
  const std::optional<size_t> tag = tags_.Push(byte, &text);
  if (part_ == Part::kValue) {
    value_ += text;
  } else if (!IsBlank(text)) {
    if (part_ == Part::kAfter) return End(bytes_after_);
    return Break(part_ == Part::kBefore ? absl::StrCat("no ", kFunctionOpen, " behind ", kCallOpen)
                                        : "text stands between its parameters",
                 1);
  }
  return tag.has_value() ? OnTag(tags_.tag(*tag)) : Progress{};
}

CallReader::Progress XmlFunctionsReader::PushName(char byte) {
  if (byte == '\n' || byte == '<') return Break("a name is not closed with '>'", 1);
  if (byte != '>') {
    name_.push_back(byte);
    if (name_.size() <= kMaxNameBytes) return {};
    return Break(absl::StrCat("a name is longer than ", kMaxNameBytes, " bytes"), 0);
  }
  name_ = std::string(absl::StripAsciiWhitespace(name_));
  if (name_.empty()) return Break("a name is empty", 0);
  if (part_ == Part::kName) {
    call_.name = std::move(name_);
    part_ = Part::kParameters;
  } else {
    part_ = Part::kValue;
  }
  return {};
}

CallReader::Progress XmlFunctionsReader::OnTag(absl::string_view tag) {
  switch (part_) {
    case Part::kBefore:
      if (tag != kFunctionOpen) {
        return Break(absl::StrCat("no ", kFunctionOpen, " behind ", kCallOpen), tag.size());
      }
      name_.clear();
      part_ = Part::kName;
      return {};
    case Part::kAfter:
      return End(tag == kCallClose ? 0 : bytes_after_);
    case Part::kValue:
      return OnValueTag(tag);
    case Part::kName:
    case Part::kKey:
    case Part::kParameters:
      break;
  }
  return OnParametersTag(tag);
}

CallReader::Progress XmlFunctionsReader::OnParametersTag(absl::string_view tag) {
  if (tag == kParameterOpen) {
    name_.clear();
    part_ = Part::kKey;
    return {};
  }
  if (tag == kFunctionClose) {
    part_ = Part::kAfter;
    return {};
  }
  if (tag == kParameterClose) {
    return Break(absl::StrCat(kParameterClose, " without ", kParameterOpen), tag.size());
  }
  return End(tag == kCallClose ? 0 : tag.size());
}

CallReader::Progress XmlFunctionsReader::OnValueTag(absl::string_view tag) {
  if (tag == kFunctionOpen) {
    absl::StrAppend(&value_, tag);
    return {};
  }
  EndValue();
  part_ = Part::kParameters;
  return tag == kParameterClose ? Progress{} : OnParametersTag(tag);
}

// The line breaks next to the tags belong to the form. Of two values for one key the last counts,
// as JSON readers have it.
void XmlFunctionsReader::EndValue() {
  absl::string_view text = value_;
  absl::ConsumePrefix(&text, "\n");
  absl::ConsumeSuffix(&text, "\n");
  const absl::string_view type = types_.TypeOf(call_.name, name_);
  ArgumentValue value = ReadArgument(text, type);
  if (!value.has_type) {
    notes_.push_back(absl::StrCat(call_.name, ".", name_, ": ", Quoted(text, 60),
                                  " is not of type ", type, " and is handed on as a string"));
  }
  // Names that JSON cannot tell apart, because they are not UTF-8, are one key.
  const std::string key = JsonString(name_);
  const auto [entry, is_new] = argument_of_key_.try_emplace(key, arguments_.size());
  if (is_new) {
    arguments_.emplace_back(key, std::move(value.json));
  } else {
    arguments_[entry->second].second = std::move(value.json);
  }
  value_.clear();
}

CallReader::Progress XmlFunctionsReader::End(size_t unread) {
  call_.arguments = "{";
  for (const auto& [key, json] : arguments_) {
    absl::StrAppend(&call_.arguments, call_.arguments.size() > 1 ? "," : "", key, ":", json);
  }
  call_.arguments += "}";
  return {State::kWhole, unread};
}

CallReader::Progress XmlFunctionsReader::Finish(bool is_cut) {
  // The call is whole; in a cut text what follows can only be a part of its last tag.
  if (part_ == Part::kAfter) return End(is_cut ? 0 : bytes_after_);
  std::string text;
  tags_.Finish(&text);
  // All that was begun is closed, only the end of the function is missing; a model that was cut off
  // might have gone on with more parameters.
  if (!is_cut && part_ == Part::kParameters && IsBlank(text)) return End(0);
  return Break(part_ == Part::kValue ? absl::StrCat("the text ends inside parameter ", name_)
                                     : "the text ends inside it",
               0);
}

}  // namespace

std::unique_ptr<CallReader> MakeXmlFunctionsReader(absl::string_view opening,
                                                   const ToolTypes& types) {
  return std::make_unique<XmlFunctionsReader>(opening, types);
}

}  // namespace lathe
