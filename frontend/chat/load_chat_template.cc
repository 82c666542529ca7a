#include "frontend/chat/load_chat_template.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxFileBytes = 64
                                 << 20;  // tokenizer configs are below 1 MB, templates below 100 KB
constexpr absl::string_view kTokenKeys[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                            "pad_token", "cls_token", "mask_token"};

absl::Status Invalid(absl::string_view file, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", problem));
}

// None where there is no such file.
absl::StatusOr<std::optional<std::string>> ReadOptional(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, kMaxFileBytes);
  if (absl::IsNotFound(text.status())) return std::optional<std::string>();
  LATHE_RETURN_IF_ERROR(text.status());
  return std::optional<std::string>(*std::move(text));
}

// Null where there is no such file.
absl::StatusOr<Json> ReadJsonObject(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(std::optional<std::string> text, ReadOptional(path));
  if (!text.has_value()) return Json();
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Invalid(path, "is not valid JSON");
  if (!json.is_object()) {
    return Invalid(path, absl::StrCat("is a JSON ", json.type_name(), ", expected an object"));
  }
  return json;
}

absl::StatusOr<std::string> ChooseNamed(const Json& list, absl::string_view path, bool has_tools) {
  const std::string* chosen = nullptr;
  bool chosen_for_tools = false;
  std::vector<std::string> names;
  for (size_t i = 0; i < list.size(); ++i) {
    const Json& item = list[i];
    bool is_pair = item.is_object() && item.contains("name") && item["name"].is_string() &&
                   item.contains("template") && item["template"].is_string();
    if (!is_pair) {
      return Invalid(path, absl::StrCat("chat_template[", i,
                                        "]: expected an object with the strings "
                                        "'name' and 'template'"));
    }
    names.push_back(item["name"].get<std::string>());
    bool for_tools = has_tools && names.back() == "tool_use";
    if (!for_tools && (names.back() != "default" || chosen_for_tools)) continue;
    chosen = &item["template"].get_ref<const std::string&>();
    chosen_for_tools = for_tools;
  }
  if (chosen != nullptr) return *chosen;
  return Invalid(path, absl::StrCat("chat_template: has no template 'default', found: ",
                                    absl::StrJoin(names, ", ")));
}

// The template under the key chat_template of a JSON file, if there is one.
absl::StatusOr<std::optional<std::string>> FromJsonFile(const std::string& path, bool has_tools) {
  LATHE_ASSIGN_OR_RETURN(Json json, ReadJsonObject(path));
  auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return std::optional<std::string>();
  if (found->is_string()) return std::optional<std::string>(found->get<std::string>());
  if (!found->is_array()) {
    return Invalid(path, absl::StrCat("chat_template: is of type ", found->type_name(),
                                      ", expected a string or a list of named templates"));
  }
  LATHE_ASSIGN_OR_RETURN(std::string source, ChooseNamed(*found, path, has_tools));
  return std::optional<std::string>(std::move(source));
}

}  // namespace

absl::StatusOr<std::optional<std::string>> LoadChatTemplate(const std::string& model_dir,
                                                            bool has_tools) {
  LATHE_ASSIGN_OR_RETURN(std::optional<std::string> source,
                         ReadOptional(absl::StrCat(model_dir, "/chat_template.jinja")));
  for (absl::string_view file : {"tokenizer_config.json", "chat_template.json"}) {
    if (source.has_value()) break;
    LATHE_ASSIGN_OR_RETURN(source, FromJsonFile(absl::StrCat(model_dir, "/", file), has_tools));
  }
  return source;
}

absl::StatusOr<SpecialTokens> LoadSpecialTokens(const std::string& model_dir) {
  std::string path = absl::StrCat(model_dir, "/tokenizer_config.json");
  LATHE_ASSIGN_OR_RETURN(Json json, ReadJsonObject(path));
  SpecialTokens tokens;
  for (absl::string_view key : kTokenKeys) {
    auto found = json.find(std::string(key));
    if (found == json.end() || found->is_null()) continue;
    const Json* text = &*found;
    if (found->is_object()) {
      auto content = found->find("content");
      text = content == found->end() ? nullptr : &*content;
    }
    if (text == nullptr || !text->is_string()) {
      return Invalid(
          path, absl::StrCat(key, ": expected a string or an object with the string 'content'"));
    }
    tokens.emplace_back(std::string(key), text->get<std::string>());
  }
  return tokens;
}

}  // namespace lathe
