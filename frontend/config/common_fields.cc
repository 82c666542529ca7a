#include "frontend/config/common_fields.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

constexpr std::array<absl::string_view, 16> kIgnored = {
    // Who wrote the file, and with what.
    "_name_or_path",
    "auto_map",
    "transformers_version",
    // Training.
    "attention_dropout",
    "hidden_dropout",
    "initializer_range",
    "output_router_logits",
    "router_aux_loss_coef",
    // How the reference implementation is called.
    "_attn_implementation",
    "_attn_implementation_autoset",
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "torchscript",
    "use_bfloat16",
    "use_cache",
};
// Ids are 32 bits wide everywhere else.
constexpr IntRange kTokenId{0, (int64_t{1} << 31) - 1};

DType ReadDType(ConfigReader& root, ConfigReader& text) {
  constexpr std::array<absl::string_view, 3> kSupported = {"bfloat16", "float16", "float32"};
  std::string name;
  // Both spellings occur, in both places; the inner one and the newer one win.
  for (ConfigReader* reader : {&text, &root}) {
    for (absl::string_view key : {"dtype", "torch_dtype"}) {
      const std::string found = reader->StringOneOf(key, kSupported, "");
      if (name.empty()) name = found;
    }
  }
  if (name == "float16") return DType::kF16;
  return name == "float32" ? DType::kF32 : DType::kBF16;
}

bool ReadTie(ConfigReader& root, ConfigReader& text) {
  constexpr absl::string_view kKey = "tie_word_embeddings";
  std::optional<bool> outer = root.OptionalBool(kKey);
  std::optional<bool> inner = text.OptionalBool(kKey);
  if (outer && inner && *outer != *inner) {
    root.Warn(kKey, absl::StrCat("is used, though ", text.Path(kKey), " says otherwise"));
  }
  return outer ? *outer : inner.value_or(false);
}

// The inner value, else the outer one; both count as read.
template <typename T>
std::optional<T> InnerFirst(std::optional<T> inner, std::optional<T> outer) {
  return inner ? std::move(inner) : std::move(outer);
}

}  // namespace

void IgnoreInferenceKeys(ConfigReader& reader) { reader.Ignore(kIgnored); }

CommonFields ReadCommonFields(ConfigReader& root, ConfigReader& text) {
  IgnoreInferenceKeys(root);
  IgnoreInferenceKeys(text);
  text.Ignore({"model_type", "architectures"});
  CommonFields fields;
  std::vector<std::string> architectures =
      root.OptionalStringList("architectures").value_or(std::vector<std::string>{});
  if (!architectures.empty()) fields.architecture = architectures[0];
  fields.model_type = root.StringOr("model_type", "");
  fields.dtype = ReadDType(root, text);
  fields.tie_word_embeddings = ReadTie(root, text);
  fields.eos_token_ids = InnerFirst(text.OptionalIntOrIntList("eos_token_id", kTokenId),
                                    root.OptionalIntOrIntList("eos_token_id", kTokenId))
                             .value_or(std::vector<int64_t>{});
  fields.bos_token_id = InnerFirst(text.OptionalInt("bos_token_id", kTokenId),
                                   root.OptionalInt("bos_token_id", kTokenId));
  fields.pad_token_id = InnerFirst(text.OptionalInt("pad_token_id", kTokenId),
                                   root.OptionalInt("pad_token_id", kTokenId));
  return fields;
}

}  // namespace lathe
