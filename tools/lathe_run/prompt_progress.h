// A line on the terminal while a long prompt is read, gone before the answer begins.
//   PromptProgress progress;
//   AnswerReader reader{.on_prompt = progress.Reader()};
#pragma once

#include <cstdint>
#include <functional>

#include "tools/common/progress_line.h"

namespace lathe {

class PromptProgress {
 public:
  // The progress outlives the reader.
  std::function<void(int64_t done, int64_t total)> Reader() {
    return [this](int64_t done, int64_t total) { Tell(done, total); };
  }

 private:
  // A prompt that one step reads is never told of.
  void Tell(int64_t done, int64_t total);

  ProgressLine line_{"reading the prompt:"};
};

}  // namespace lathe
