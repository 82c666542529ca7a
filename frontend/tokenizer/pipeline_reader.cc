#include "frontend/tokenizer/pipeline_reader.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using nlohmann::json;

absl::Status Unsupported(const std::string& path, absl::string_view type,
                         absl::string_view supported) {
  return absl::UnimplementedError(
      absl::StrCat(path, ": type ", Quoted(type), " is not supported; supported: ", supported));
}

// Opens a step, which is an object with a "type".
absl::StatusOr<std::pair<JsonObject, std::string>> OpenStep(const json& value, std::string path) {
  LATHE_ASSIGN_OR_RETURN(JsonObject step, JsonObject::Open(value, std::move(path)));
  LATHE_ASSIGN_OR_RETURN(std::string type, step.String("type"));
  return std::make_pair(std::move(step), std::move(type));
}

// The elements of a Sequence's list with their paths.
absl::StatusOr<std::vector<std::pair<const json*, std::string>>> OpenSequence(
    JsonObject* sequence, absl::string_view key) {
  LATHE_ASSIGN_OR_RETURN(const json* list, sequence->Array(key));
  LATHE_RETURN_IF_ERROR(sequence->CheckAllRead());
  std::vector<std::pair<const json*, std::string>> steps;
  for (const json& step : *list) {
    steps.emplace_back(&step, absl::StrCat(sequence->PathOf(key), "[", steps.size(), "]"));
  }
  return steps;
}

// Nesting is bounded by ParseJson.
absl::Status ReadNormalizerStep(const json& value, const std::string& path, TokenizerSpec* spec) {
  if (value.is_null()) return absl::OkStatus();
  LATHE_ASSIGN_OR_RETURN(auto opened, OpenStep(value, path));
  auto& [step, type] = opened;
  if (type == "NFC") {
    spec->normalizer = NormalizerKind::kNfc;
    return step.CheckAllRead();
  }
  if (type != "Sequence") return Unsupported(path, type, "null, NFC, Sequence");
  LATHE_ASSIGN_OR_RETURN(auto steps, OpenSequence(&step, "normalizers"));
  for (const auto& [child, child_path] : steps) {
    LATHE_RETURN_IF_ERROR(ReadNormalizerStep(*child, child_path, spec));
  }
  return absl::OkStatus();
}

// Offsets are not computed, so that trim_offsets has no meaning here.
absl::Status CheckByteLevelSplit(JsonObject* step) {
  LATHE_ASSIGN_OR_RETURN(bool add_prefix_space, step->Bool("add_prefix_space", true));
  LATHE_ASSIGN_OR_RETURN(bool use_regex, step->Bool("use_regex", true));
  LATHE_RETURN_IF_ERROR(step->Bool("trim_offsets", true).status());
  LATHE_RETURN_IF_ERROR(step->CheckAllRead());
  if (add_prefix_space) {
    return absl::UnimplementedError(
        absl::StrCat(step->PathOf("add_prefix_space"), ": true is not supported, expected false"));
  }
  if (use_regex) {
    return absl::UnimplementedError(absl::StrCat(
        step->PathOf("use_regex"), ": true is not supported, expected false after a Split"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSplitExpression(JsonObject* step) {
  LATHE_ASSIGN_OR_RETURN(std::string behavior, step->String("behavior"));
  LATHE_ASSIGN_OR_RETURN(bool invert, step->Bool("invert", false));
  LATHE_ASSIGN_OR_RETURN(const json* pattern_value, step->Required("pattern"));
  LATHE_RETURN_IF_ERROR(step->CheckAllRead());
  if (behavior != "Isolated") {
    return absl::UnimplementedError(absl::StrCat(step->PathOf("behavior"), ": ", Quoted(behavior),
                                                 " is not supported, only \"Isolated\" is"));
  }
  if (invert) {
    return absl::UnimplementedError(
        absl::StrCat(step->PathOf("invert"), ": true is not supported, expected false"));
  }
  LATHE_ASSIGN_OR_RETURN(JsonObject pattern,
                         JsonObject::Open(*pattern_value, step->PathOf("pattern")));
  LATHE_ASSIGN_OR_RETURN(std::string expression, pattern.String("Regex"));
  LATHE_RETURN_IF_ERROR(pattern.CheckAllRead());
  return expression;
}

// {"SpecialToken": {"id": name, "type_id": n}} or {"Sequence": {"id": "A", "type_id": n}};
// `*has_text`: the latter was seen.
absl::Status ReadTemplatePiece(const json& value, const std::string& path,
                               const json& special_tokens, bool* has_text, TokenizerSpec* spec) {
  LATHE_ASSIGN_OR_RETURN(JsonObject piece, JsonObject::Open(value, path));
  const json* special = piece.Find("SpecialToken");
  const json* text = special == nullptr ? piece.Find("Sequence") : nullptr;
  LATHE_RETURN_IF_ERROR(piece.CheckAllRead());
  if (special == nullptr && text == nullptr) {
    return JsonError(path, "an empty object", "SpecialToken or Sequence");
  }
  LATHE_ASSIGN_OR_RETURN(
      JsonObject content,
      JsonObject::Open(special != nullptr ? *special : *text,
                       piece.PathOf(special != nullptr ? "SpecialToken" : "Sequence")));
  LATHE_ASSIGN_OR_RETURN(std::string name, content.String("id"));
  content.Find("type_id");  // segment numbers, which the models here do not take
  LATHE_RETURN_IF_ERROR(content.CheckAllRead());
  if (text != nullptr) {
    if (name != "A" || *has_text) {
      return JsonError(content.PathOf("id"), Quoted(name), "\"A\", once, for a single text");
    }
    *has_text = true;
    return absl::OkStatus();
  }
  auto definition = special_tokens.find(name);
  if (definition == special_tokens.end()) {
    return JsonError(content.PathOf("id"), Quoted(name), "a name in special_tokens");
  }
  LATHE_ASSIGN_OR_RETURN(
      JsonObject token, JsonObject::Open(*definition, absl::StrCat("post_processor.special_tokens[",
                                                                   Quoted(name), "]")));
  LATHE_ASSIGN_OR_RETURN(const json* ids, token.Array("ids"));
  for (const json& id : *ids) {
    const auto* number = id.get_ptr<const json::number_unsigned_t*>();
    if (!id.is_number_unsigned() || *number >= spec->tokens.size() ||
        spec->tokens[*number].flags == 0) {
      return JsonError(token.PathOf("ids"), Quoted(id.dump(), 40), "ids of tokens");
    }
    (*has_text ? spec->suffix : spec->prefix).push_back(static_cast<uint32_t>(*number));
  }
  return absl::OkStatus();
}

absl::Status ReadTemplate(JsonObject* step, TokenizerSpec* spec) {
  LATHE_ASSIGN_OR_RETURN(const json* single, step->Array("single"));
  LATHE_ASSIGN_OR_RETURN(const json* special_tokens, step->Required("special_tokens"));
  step->Find("pair");  // two texts at once are never encoded
  LATHE_RETURN_IF_ERROR(step->CheckAllRead());
  if (!special_tokens->is_object()) {
    return JsonError(step->PathOf("special_tokens"), JsonKind(*special_tokens), "an object");
  }
  bool has_text = false;
  size_t index = 0;
  for (const json& piece : *single) {
    std::string path = absl::StrCat(step->PathOf("single"), "[", index++, "]");
    LATHE_RETURN_IF_ERROR(ReadTemplatePiece(piece, path, *special_tokens, &has_text, spec));
  }
  if (!has_text) return JsonError(step->PathOf("single"), "no Sequence", "one");
  return absl::OkStatus();
}

absl::Status CheckByteLevelFields(JsonObject* step) {
  for (absl::string_view key : {"add_prefix_space", "trim_offsets", "use_regex"}) {
    LATHE_RETURN_IF_ERROR(step->Bool(key, true).status());
  }
  return step->CheckAllRead();
}

absl::Status ReadPostProcessorStep(const json& value, const std::string& path,
                                   TokenizerSpec* spec) {
  if (value.is_null()) return absl::OkStatus();
  LATHE_ASSIGN_OR_RETURN(auto opened, OpenStep(value, path));
  auto& [step, type] = opened;
  if (type == "ByteLevel") return CheckByteLevelFields(&step);
  if (type == "TemplateProcessing") {
    if (!spec->prefix.empty() || !spec->suffix.empty()) {
      return absl::UnimplementedError(path + ": a second TemplateProcessing is not supported");
    }
    return ReadTemplate(&step, spec);
  }
  if (type != "Sequence") {
    return Unsupported(path, type, "null, ByteLevel, TemplateProcessing, Sequence");
  }
  LATHE_ASSIGN_OR_RETURN(auto steps, OpenSequence(&step, "processors"));
  for (const auto& [child, child_path] : steps) {
    LATHE_RETURN_IF_ERROR(ReadPostProcessorStep(*child, child_path, spec));
  }
  return absl::OkStatus();
}

absl::Status UnknownExpressions(const std::vector<std::string>& expressions) {
  std::string list;
  for (const std::string& expression : expressions) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", Quoted(expression, 400));
  }
  return absl::UnimplementedError(absl::StrCat(
      "pre_tokenizer: the split expressions [", list,
      "] are not supported; the three supported lists are in frontend/tokenizer/splitter.cc"));
}

}  // namespace

absl::Status ReadNormalizer(const json& normalizer, TokenizerSpec* spec) {
  return ReadNormalizerStep(normalizer, "normalizer", spec);
}

absl::Status ReadPreTokenizer(const json& pre_tokenizer, TokenizerSpec* spec) {
  constexpr absl::string_view kSupported = "a Sequence of Split steps with ByteLevel at its end";
  const std::string path = "pre_tokenizer";
  LATHE_ASSIGN_OR_RETURN(auto opened, OpenStep(pre_tokenizer, path));
  if (opened.second != "Sequence") return Unsupported(path, opened.second, kSupported);
  LATHE_ASSIGN_OR_RETURN(auto steps, OpenSequence(&opened.first, "pretokenizers"));
  std::vector<std::string> expressions;
  bool has_byte_level = false;
  for (const auto& [value, step_path] : steps) {
    LATHE_ASSIGN_OR_RETURN(auto child, OpenStep(*value, step_path));
    auto& [step, type] = child;
    if (has_byte_level) return Unsupported(step_path, type, "nothing behind ByteLevel");
    if (type == "ByteLevel") {
      LATHE_RETURN_IF_ERROR(CheckByteLevelSplit(&step));
      has_byte_level = true;
    } else if (type == "Split") {
      LATHE_ASSIGN_OR_RETURN(std::string expression, ReadSplitExpression(&step));
      expressions.push_back(std::move(expression));
    } else {
      return Unsupported(step_path, type, "Split, ByteLevel");
    }
  }
  if (!has_byte_level) return JsonError(path, "no ByteLevel step", std::string(kSupported));
  std::optional<SplitRule> rule = RecogniseSplitRule(expressions);
  if (!rule) return UnknownExpressions(expressions);
  spec->split_rule = *rule;
  return absl::OkStatus();
}

absl::Status ReadPostProcessor(const json& post_processor, TokenizerSpec* spec) {
  return ReadPostProcessorStep(post_processor, "post_processor", spec);
}

absl::Status CheckDecoder(const json& decoder) {
  LATHE_ASSIGN_OR_RETURN(auto opened, OpenStep(decoder, "decoder"));
  if (opened.second != "ByteLevel") return Unsupported("decoder", opened.second, "ByteLevel");
  return CheckByteLevelFields(&opened.first);
}

}  // namespace lathe
