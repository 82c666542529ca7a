#include "test/unit/tools/lathe_run/toy_text.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "runtime/base/check.h"
#include "runtime/base/utf8.h"
#include "test/support/data.h"

namespace lathe::testing {
namespace {

using nlohmann::json;

// The byte-level alphabet: printable bytes stand for themselves, the others, in order, for U+0100
// and on.
std::string ByteToken(int byte, char32_t* next_free) {
  bool is_printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  std::string token;
  AppendUtf8(is_printable ? static_cast<char32_t>(byte) : (*next_free)++, &token);
  return token;
}

json ToyTokenizerJson() {
  json vocab = json::object();
  char32_t next_free = 256;
  for (int byte = 0; byte < 256; ++byte) vocab[ByteToken(byte, &next_free)] = byte;
  json added = json::array();
  int id = 256;
  for (const char* content : {"<|im_start|>", "<|im_end|>", "<|endoftext|>"}) {
    added.push_back({{"id", id++},
                     {"content", content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const char* pattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  json split = {{"type", "Split"},
                {"pattern", {{"Regex", pattern}}},
                {"behavior", "Isolated"},
                {"invert", false}};
  json bytes = {{"type", "ByteLevel"},
                {"add_prefix_space", false},
                {"trim_offsets", true},
                {"use_regex", false}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array({split, bytes})}}},
          {"post_processor", nullptr},
          {"decoder",
           {{"type", "ByteLevel"},
            {"add_prefix_space", true},
            {"trim_offsets", true},
            {"use_regex", true}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", json::array()}}}};
}

}  // namespace

Tokenizer ToyTokenizer() {
  absl::StatusOr<Tokenizer> tokenizer =
      Tokenizer::FromJson(ToyTokenizerJson().dump(), "toy/tokenizer.json");
  LATHE_CHECK(tokenizer.ok()) << tokenizer.status().ToString();
  return *std::move(tokenizer);
}

ToyModelOptions ToyTextModel() {
  ToyModelOptions options;
  options.tokenizer = ToyTokenizer().Serialize();
  options.chat_template = kToyTemplate;
  return options;
}

ProcessResult RunLathe(std::vector<std::string> words, const ProcessOptions& options) {
  words.insert(words.begin(), {BinaryPath("lathe-run"), "run"});
  return RunProcess(words, options);
}

std::string TempFile(absl::string_view name, absl::string_view text) {
  std::string path = absl::StrCat(TempDir(), "/", name);
  WriteFileOrDie(path, text);
  return path;
}

}  // namespace lathe::testing
