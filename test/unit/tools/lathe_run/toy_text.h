// Tokenizer, chat template and whole artifacts of the toy model (test/support/toy_model.h) for
// tests of lathe-run.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tokenizer.h"
#include "test/support/process.h"
#include "test/support/toy_model.h"

namespace lathe::testing {

// Byte b is token b, without merges; 256 <|im_start|>, 257 <|im_end|>, 258 <|endoftext|>, all
// special.
Tokenizer ToyTokenizer();

// Qwen's form: <|im_start|>role\ncontent<|im_end|>\n, then <|im_start|>assistant\n and, for
// enable_thinking=false, "<think></think>".
inline constexpr char kToyTemplate[] =
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{{ eos_token }}\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% "
    "endif %}";

// With tokenizer and template.
ToyModelOptions ToyTextModel();

// lathe-run run WORDS...
ProcessResult RunLathe(std::vector<std::string> words, const ProcessOptions& options = {});

// Writes `text` to a fresh file and returns its path.
std::string TempFile(absl::string_view name, absl::string_view text);

}  // namespace lathe::testing
