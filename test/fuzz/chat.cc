// Chat templates. The bytes up to the first zero are a template's source; what follows is a
// conversation as JSON, in the place of the one below.
#include <ctime>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "frontend/chat/chat_template.h"
#include "frontend/reply/reply_format.h"
#include "runtime/base/check.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kConversation[] = R"({
  "messages": [
    {"role": "system", "content": "Be brief. 1 < 2 & \"x\""},
    {"role": "user", "content": "caf\u00e9\n  two"},
    {"role": "assistant", "content": "<think>\na\n</think>\n\nb", "reasoning_content": "why",
     "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": 1.5}}}]},
    {"role": "tool", "name": "f", "content": "3"},
    {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "image"}]}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
    {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}}}],
  "variables": {"enable_thinking": true, "n": -3, "m": {"b": [1, [2, "z"], null], "a": 0.25},
    "words": ["one", "Two", "three"]}})";

// A text of this length may be the outcome, and no rendering takes longer than these steps.
constexpr ChatLimits kLimits = {
    .max_steps = 20'000, .max_output_bytes = 100'000, .max_built_bytes = 1'000'000};
// CPU time of the steps above, many times over: what costs more is not charged as it should be.
constexpr double kMaxSeconds = 5;

std::tm SomeDay() {
  std::tm day = {};
  day.tm_year = 126;
  day.tm_mon = 10;
  day.tm_mday = 25;
  day.tm_wday = 3;
  return day;
}

// False for bytes that are no conversation.
bool ReadConversation(absl::string_view text, ChatInput* input) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  if (json.contains("messages")) input->messages = json["messages"];
  if (json.contains("tools")) input->tools = json["tools"];
  if (json.contains("variables")) input->variables = json["variables"];
  input->special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  input->clock = SomeDay;
  input->limits = kLimits;
  return true;
}

void CheckMessage(const absl::Status& status) {
  LATHE_CHECK(absl::StartsWith(status.message(), "t:") ||
              absl::StartsWith(status.message(), "messages") ||
              absl::StartsWith(status.message(), "tools") ||
              absl::StartsWith(status.message(), "variables") ||
              absl::StartsWith(status.message(), "chat_template_kwargs"))
      << status.ToString();
  LATHE_CHECK(status.code() != absl::StatusCode::kInternal) << status.ToString();
}

void Render(absl::string_view source, const ChatInput& input) {
  const std::clock_t begin = std::clock();
  auto chat_template = ChatTemplate::Parse(source, "t");
  if (!chat_template.ok()) return CheckMessage(chat_template.status());
  auto text = chat_template->Render(input);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  LATHE_CHECK(seconds < kMaxSeconds) << seconds << " s of CPU time";
  if (!text.ok()) return CheckMessage(text.status());
  LATHE_CHECK(static_cast<int64_t>(text->size()) <= kLimits.max_output_bytes) << text->size();
  auto again = chat_template->Render(input);
  LATHE_CHECK(again.ok() && *again == *text) << *text;
  (void)ReasoningIsOpen(*text);
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lathe::fuzz::Text(data, size);
  const size_t zero = text.find('\0');
  const absl::string_view source = text.substr(0, zero);
  const absl::string_view conversation =
      zero == absl::string_view::npos ? lathe::fuzz::kConversation : text.substr(zero + 1);
  (void)lathe::DetectReplyFormat(source);
  lathe::ChatInput input;
  if (lathe::fuzz::ReadConversation(conversation, &input)) lathe::fuzz::Render(source, input);
  return 0;
}
