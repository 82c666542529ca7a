#include "frontend/reply/reply_format.h"

#include "absl/strings/match.h"
#include "frontend/reply/tags.h"

namespace lathe {
namespace {

CallForm DetectCalls(absl::string_view source) {
  if (!absl::StrContains(source, kCallOpen)) return CallForm::kNone;
  if (absl::StrContains(source, kFunctionOpen)) return CallForm::kXmlFunctions;
  // In a template the example stands inside a string of Jinja, whose quotes may be escaped.
  if (absl::StrContains(source, R"({"name")") || absl::StrContains(source, R"({\"name\")")) {
    return CallForm::kHermesJson;
  }
  return CallForm::kNone;
}

}  // namespace

ReplyFormat DetectReplyFormat(absl::string_view chat_template) {
  return {.has_think_tags = absl::StrContains(chat_template, kThinkOpen) ||
                            absl::StrContains(chat_template, kThinkClose),
          .calls = DetectCalls(chat_template)};
}

bool ReasoningIsOpen(absl::string_view text) {
  const size_t open = text.rfind(kThinkOpen);
  if (open == absl::string_view::npos) return false;
  const absl::string_view rest = text.substr(open);
  return !absl::StrContains(rest, kThinkClose) && !absl::StrContains(rest, kCallOpen);
}

}  // namespace lathe
