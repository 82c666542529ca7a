#include "frontend/reply/reply_parser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/reply/tags.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

using Kind = ReplyEvent::Kind;

std::vector<absl::string_view> TagsOf(const ReplyFormat& format) {
  std::vector<absl::string_view> tags;
  if (format.has_think_tags) tags.insert(tags.end(), {kThinkOpen, kThinkClose});
  if (format.calls != CallForm::kNone) tags.emplace_back(kCallOpen);
  if (format.calls == CallForm::kXmlFunctions) tags.emplace_back(kFunctionOpen);
  return tags;
}

}  // namespace

ReplyParser::ReplyParser(ReplyOptions options)
    : options_(std::move(options)),
      tags_(TagsOf(options_.format)),
      part_(options_.starts_in_reasoning ? Part::kReasoning : Part::kAnswer),
      is_behind_tag_(options_.starts_in_reasoning) {}

std::vector<ReplyEvent> ReplyParser::Push(absl::string_view text) {
  for (char byte : text) Read(byte);
  return std::exchange(events_, {});
}

std::vector<ReplyEvent> ReplyParser::Finish(bool is_cut) {
  if (call_ != nullptr) {
    const CallReader::Progress progress = call_->Finish(is_cut);
    LATHE_CHECK(progress.state != CallReader::State::kOpen) << "a call outlives its text";
    OnCallProgress(progress);
  }
  std::string text;
  tags_.Finish(&text);
  AddText(text);
  if (is_cut) {
    GiveUpReasonedCalls();
  } else if (!reasoned_calls_.empty()) {
    held_newlines_ = 0;
    for (ReplyEvent& event : reasoned_calls_) AppendEvent(std::move(event), &events_);
  }
  EmitText("");
  return std::exchange(events_, {});
}

void ReplyParser::Read(char byte) {
  if (call_ != nullptr) return ReadCall(byte);
  std::string text;
  const std::optional<size_t> tag = tags_.Push(byte, &text);
  AddText(text);
  if (tag.has_value()) OnTag(tags_.tag(*tag));
}

// What a call leaves unread is at most one tag and blanks, read as text around it: this does not
// nest.
void ReplyParser::ReadAgain(const std::string& bytes) {
  for (char byte : bytes) Read(byte);
}

void ReplyParser::ReadCall(char byte) {
  raw_.push_back(byte);
  const CallReader::Progress progress = call_->Push(byte);
  if (progress.state == CallReader::State::kOpen && raw_.size() >= options_.max_call_bytes) {
    const size_t most = options_.max_call_bytes;
    return BreakCall(absl::StrCat("it is longer than ", most, " bytes (max_call_bytes)"), 0);
  }
  OnCallProgress(progress);
}

void ReplyParser::OnCallProgress(const CallReader::Progress& progress) {
  if (progress.state == CallReader::State::kWhole) EndCall(progress.unread);
  if (progress.state == CallReader::State::kBroken)
    BreakCall(call_->notes().front(), progress.unread);
}

void ReplyParser::OnTag(absl::string_view tag) {
  if (tag != kThinkOpen && tag != kThinkClose) return BeginCall(tag);
  GiveUpReasonedCalls();
  if (tag == kThinkClose) {
    EnterPart(Part::kAnswer);
  } else if (part_ == Part::kReasoning && part_has_text_) {
    AddText(tag);  // open already: the model writes about the tag
  } else {
    EnterPart(Part::kReasoning);
  }
}

void ReplyParser::EnterPart(Part part) {
  held_newlines_ = 0;
  is_behind_tag_ = true;
  part_has_text_ = false;
  part_ = part;
}

void ReplyParser::BeginCall(absl::string_view tag) {
  raw_ = std::string(tag);
  call_ = options_.format.calls == CallForm::kHermesJson
              ? MakeHermesJsonReader()
              : MakeXmlFunctionsReader(tag, options_.types);
}

void ReplyParser::EndCall(size_t unread) {
  const std::string rest = raw_.substr(raw_.size() - unread);
  raw_.resize(raw_.size() - unread);
  std::vector<ReplyEvent>& events = part_ == Part::kReasoning ? reasoned_calls_ : events_;
  for (const std::string& note : call_->notes()) events.push_back({Kind::kNote, note});
  events.push_back({.kind = Kind::kCall, .call = call_->TakeCall()});
  if (part_ == Part::kReasoning) {
    reasoned_raw_ += raw_;
    if (reasoned_raw_.size() > options_.max_call_bytes) GiveUpReasonedCalls();
  } else {
    EnterPart(Part::kAnswer);
  }
  call_.reset();
  ReadAgain(rest);
}

void ReplyParser::BreakCall(const std::string& why, size_t unread) {
  // Reasoning may hold examples of calls, which are nobody's concern.
  if (part_ == Part::kAnswer) {
    events_.push_back({Kind::kNote, absl::StrCat("a tool call is handed on as text: ", why)});
  }
  const std::string rest = raw_.substr(raw_.size() - unread);
  raw_.resize(raw_.size() - unread);
  call_.reset();
  AddText(raw_);
  ReadAgain(rest);
}

void ReplyParser::GiveUpReasonedCalls() {
  reasoned_calls_.clear();
  AddText(std::exchange(reasoned_raw_, {}));
}

void ReplyParser::AddText(absl::string_view text) {
  if (!reasoned_calls_.empty()) {
    if (text.find_first_not_of('\n') == absl::string_view::npos) {
      reasoned_raw_ += std::string(text);
      return;
    }
    GiveUpReasonedCalls();
  }
  while (!text.empty()) {
    const size_t newlines = std::min(text.find_first_not_of('\n'), text.size());
    if (!is_behind_tag_) held_newlines_ += newlines;
    text.remove_prefix(newlines);
    const size_t length = std::min(text.find('\n'), text.size());
    if (length > 0) EmitText(text.substr(0, length));
    text.remove_prefix(length);
  }
}

void ReplyParser::EmitText(absl::string_view text) {
  std::string whole(std::exchange(held_newlines_, 0), '\n');
  whole.append(text.data(), text.size());
  if (whole.empty()) return;
  is_behind_tag_ = false;
  part_has_text_ = true;
  AppendEvent({part_ == Part::kReasoning ? Kind::kReasoning : Kind::kText, std::move(whole)},
              &events_);
}

Reply ParseReply(ReplyOptions options, absl::string_view text, bool is_cut) {
  ReplyParser parser(std::move(options));
  Reply reply;
  for (const ReplyEvent& event : parser.Push(text)) reply.Add(event);
  for (const ReplyEvent& event : parser.Finish(is_cut)) reply.Add(event);
  return reply;
}

}  // namespace lathe
