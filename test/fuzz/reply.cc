// Replies of models: reasoning and tool calls. The first byte chooses the form, the second how the
// text, which is the rest, is cut into pieces.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "frontend/json/json_value.h"
#include "frontend/reply/reply_parser.h"
#include "runtime/base/check.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

constexpr char kTools[] = R"([{"type": "function", "function": {"name": "f", "parameters":
    {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "object"}}}}}])";

struct Case {
  ReplyOptions options;
  bool is_cut = false;
};

// Bits 0-1: the form of calls; 2: think tags; 3: inside reasoning; 4: cut; 5: short calls only.
Case ReadCase(uint8_t bits) {
  static const ToolTypes* const types = [] {
    auto tools = ParseJson(kTools, "tools");
    LATHE_CHECK(tools.ok()) << tools.status().ToString();
    auto read = ToolTypes::FromJson(*tools, "tools");
    LATHE_CHECK(read.ok()) << read.status().ToString();
    return new ToolTypes(std::move(*read));
  }();
  constexpr CallForm kForms[] = {CallForm::kHermesJson, CallForm::kXmlFunctions, CallForm::kNone,
                                 CallForm::kXmlFunctions};
  Case read;
  read.options.format = {.has_think_tags = (bits & 4) == 0, .calls = kForms[bits & 3]};
  read.options.starts_in_reasoning = (bits & 8) != 0;
  read.options.types = *types;
  if ((bits & 32) != 0) read.options.max_call_bytes = 30;
  read.is_cut = (bits & 16) != 0;
  return read;
}

// Pieces of lengths that follow from `seed`; 0 is single bytes.
std::vector<ReplyEvent> ReadInPieces(const Case& reply, absl::string_view text, uint32_t seed) {
  ReplyParser parser(reply.options);
  std::vector<ReplyEvent> events;
  for (size_t at = 0; at < text.size();) {
    const size_t length = seed == 0 ? 1 : seed % 17;  // 0 too: an empty piece
    for (ReplyEvent& event : parser.Push(text.substr(at, length))) {
      AppendEvent(std::move(event), &events);
    }
    at += length;
    if (seed != 0) seed = seed * 1664525 + 1013904223;  // Numerical Recipes, "ranqd1"
    if (seed != 0) seed = (seed >> 8) | 1;
  }
  for (ReplyEvent& event : parser.Finish(reply.is_cut)) AppendEvent(std::move(event), &events);
  return events;
}

std::vector<ReplyEvent> ReadWhole(const Case& reply, absl::string_view text) {
  ReplyParser parser(reply.options);
  std::vector<ReplyEvent> events;
  for (ReplyEvent& event : parser.Push(text)) AppendEvent(std::move(event), &events);
  for (ReplyEvent& event : parser.Finish(reply.is_cut)) AppendEvent(std::move(event), &events);
  return events;
}

std::string TextOf(const std::vector<ReplyEvent>& events) {
  std::string text;
  for (const ReplyEvent& event : events) {
    if (event.kind != ReplyEvent::Kind::kNote) text += event.text;
  }
  return text;
}

// What is left when all that a parser may leave out of text is gone.
std::string WithoutTags(absl::string_view text) {
  std::string rest = absl::StrReplaceAll(text, {{"\n", ""}});
  while (absl::StrReplaceAll({{"<think>", ""}, {"</think>", ""}}, &rest) > 0) {
  }
  return rest;
}

void CheckCalls(const std::vector<ReplyEvent>& events) {
  for (const ReplyEvent& event : events) {
    if (event.kind != ReplyEvent::Kind::kCall) continue;
    LATHE_CHECK(!event.call.name.empty()) << event.call.arguments;
    auto arguments = ParseJson(event.call.arguments, "arguments");
    LATHE_CHECK(arguments.ok()) << event.call.arguments << ": " << arguments.status().ToString();
    LATHE_CHECK(arguments->is_object()) << event.call.arguments;
  }
}

// `text` with every byte of `rest` taken out in order: whether all of them were there.
bool IsSubsequence(absl::string_view rest, absl::string_view text) {
  size_t at = 0;
  for (char byte : rest) {
    at = text.find(byte, at);
    if (at == absl::string_view::npos) return false;
    ++at;
  }
  return true;
}

void CheckText(const std::vector<ReplyEvent>& events, absl::string_view text) {
  const std::string out = TextOf(events);
  LATHE_CHECK(IsSubsequence(out, text)) << out << " is not what the model wrote";
  for (const ReplyEvent& event : events) {
    if (event.kind == ReplyEvent::Kind::kCall) return;
  }
  LATHE_CHECK(WithoutTags(out) == WithoutTags(text)) << out << " lacks text";
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const lathe::fuzz::Case reply = lathe::fuzz::ReadCase(data[0]);
  const absl::string_view text = lathe::fuzz::Text(data + 2, size - 2);
  const std::vector<lathe::ReplyEvent> events = lathe::fuzz::ReadWhole(reply, text);
  LATHE_CHECK(lathe::fuzz::ReadInPieces(reply, text, 0) == events) << "single bytes";
  LATHE_CHECK(lathe::fuzz::ReadInPieces(reply, text, data[1]) == events) << "pieces";
  lathe::fuzz::CheckCalls(events);
  lathe::fuzz::CheckText(events, text);
  return 0;
}
