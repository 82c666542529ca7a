// The form in which a model writes reasoning and tool calls, found from its chat template: what the
// template writes into a conversation is what the model was trained to write.
//   ReplyFormat format = DetectReplyFormat(chat_template_source);
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace lathe {

enum class CallForm : uint8_t {
  kNone,          // text that looks like a call is text
  kHermesJson,    // <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>
  kXmlFunctions,  // <tool_call><function=f><parameter=x>1</parameter></function></tool_call>
};

struct ReplyFormat {
  bool has_think_tags = false;  // reasoning stands between <think> and </think>
  CallForm calls = CallForm::kNone;

  bool operator==(const ReplyFormat&) const = default;
};

// `chat_template`: the template's source.
ReplyFormat DetectReplyFormat(absl::string_view chat_template);

// Whether a reply that continues `text` starts inside reasoning: the last tag of `text` decides.
// `text` is what a template adds to ask for the reply (add_generation_prompt), so that tags which
// people wrote into their messages do not count.
bool ReasoningIsOpen(absl::string_view text);

}  // namespace lathe
