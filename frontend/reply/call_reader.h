// Reads one tool call byte by byte. A call is all or nothing: it is whole, or its bytes are text.
//   std::unique_ptr<CallReader> reader = MakeHermesJsonReader();
//   CallReader::Progress progress = reader->Push(byte);
//   if (progress.state == CallReader::State::kWhole) ToolCall call = reader->TakeCall();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/reply/reply_event.h"
#include "frontend/reply/tool_types.h"

namespace lathe {

class CallReader {
 public:
  enum class State : uint8_t { kOpen, kWhole, kBroken };
  struct Progress {
    State state = State::kOpen;
    // This many of the last bytes are no part of the call, nor of what is broken: they are to be
    // read again by whoever reads the text around it.
    size_t unread = 0;
  };

  virtual ~CallReader() = default;

  // Takes the next byte; not to be called again once the call is whole or broken.
  virtual Progress Push(char byte) = 0;
  // The text ends inside the call: it is whole or broken now. `is_cut`: the model had not finished,
  // so what is missing may be more than the tags at its end.
  virtual Progress Finish(bool is_cut) = 0;

  // Once, of a whole call.
  ToolCall TakeCall() { return std::move(call_); }
  // What is strange about a whole call; why a broken one is broken.
  const std::vector<std::string>& notes() const { return notes_; }

 protected:
  Progress Break(std::string why, size_t unread) {
    notes_ = {std::move(why)};
    return {State::kBroken, unread};
  }

  ToolCall call_;
  std::vector<std::string> notes_;
};

// Of CallForm::kHermesJson, behind kCallOpen.
std::unique_ptr<CallReader> MakeHermesJsonReader();

// Of CallForm::kXmlFunctions, behind `opening`: kCallOpen, or kFunctionOpen where a model left out
// the outer tag. `types` outlive the reader.
std::unique_ptr<CallReader> MakeXmlFunctionsReader(absl::string_view opening,
                                                   const ToolTypes& types);

// What may stand between the parts of a call.
bool IsBlank(absl::string_view text);

}  // namespace lathe
