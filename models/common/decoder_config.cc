#include "models/common/decoder_config.h"

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

// An explicit list of layer types wins over max_window_layers. Without use_sliding_window there is
// no width: max_window_layers means nothing then, and a sliding entry of the list is a
// contradiction.
std::vector<int64_t> ReadWindows(ConfigReader& reader, int64_t num_layers) {
  std::vector<int64_t> windows(static_cast<size_t>(num_layers), 0);
  bool uses_window = reader.BoolOr("use_sliding_window", false);
  int64_t window = reader.IntOr("sliding_window", 4096, kExtent);
  int64_t first = reader.IntOr("max_window_layers", 28, kCount);
  std::optional<std::vector<std::string>> types = reader.OptionalStringList("layer_types");
  if (types && types->size() != windows.size()) {
    reader.Fail("layer_types", absl::StrCat("has ", types->size(), " entries, expected ",
                                            num_layers, " (num_hidden_layers)"));
    return windows;
  }
  for (size_t i = 0; i < windows.size(); ++i) {
    bool slides = uses_window && static_cast<int64_t>(i) >= first;
    if (types) {
      const std::string& type = (*types)[i];
      if (type != "full_attention" && type != "sliding_attention") {
        reader.FailUnsupported(
            "layer_types", absl::StrCat("entry ", i, " is \"", type,
                                        "\"; full_attention and sliding_attention are supported"));
      }
      slides = type == "sliding_attention";
      if (slides && !uses_window) {
        reader.Fail("layer_types", absl::StrCat("entry ", i,
                                                " is sliding_attention, but use_sliding_window is "
                                                "false; expected true, or full_attention"));
        return windows;
      }
    }
    if (slides) windows[i] = window;
  }
  return windows;
}

void CheckHeads(ConfigReader& reader, const DecoderConfig& config) {
  // After another problem the counts may be stand-ins, and this would report what is not there.
  if (reader.ok() && config.num_heads % config.num_kv_heads != 0) {
    reader.Fail("num_key_value_heads",
                absl::StrCat(config.num_kv_heads, " does not divide num_attention_heads, which is ",
                             config.num_heads));
  }
  if (config.head_dim % 2 != 0)
    reader.Fail("head_dim", absl::StrCat(config.head_dim, " is odd; rope turns pairs"));
}

void RefuseUnsupported(ConfigReader& reader, const DecoderConfig& config) {
  if (reader.HasObject("quantization_config")) {
    ConfigReader quantization = reader.Object("quantization_config");
    std::string method = quantization.StringOr("quant_method", "unnamed");
    quantization.IgnoreAll();
    reader.FailUnsupported("quantization_config",
                           absl::StrCat("quantised weights (", method,
                                        ") are not supported; use the bf16 release of the model"));
  }
  if (config.rope.type == RopeType::kDynamic || config.rope.type == RopeType::kLongrope) {
    reader.FailUnsupported(
        "rope_scaling.rope_type",
        absl::StrCat(std::string(RopeTypeName(config.rope.type)),
                     " depends on the length of each request, which is not supported; "
                     "default, linear, yarn and llama3 are"));
  }
}

}  // namespace

DecoderConfig ReadDecoderConfig(ConfigReader& reader) {
  DecoderConfig config;
  config.common = ReadCommonFields(reader, reader);
  config.vocab_size = reader.Int("vocab_size", kExtent);
  config.hidden_size = reader.Int("hidden_size", kExtent);
  config.num_layers = reader.Int("num_hidden_layers", IntRange{1, 100000});
  config.num_heads = reader.Int("num_attention_heads", kExtent);
  config.num_kv_heads = reader.IntOr("num_key_value_heads", config.num_heads, kExtent);
  config.head_dim = reader.IntOr("head_dim", 128, kExtent);
  config.rms_norm_eps = reader.FloatOr("rms_norm_eps", 1e-6, kPositive);
  config.attention_bias = reader.BoolOr("attention_bias", false);
  config.max_position_embeddings = reader.IntOr("max_position_embeddings", 32768, kExtent);
  reader.StringOneOf("hidden_act", {"silu"}, "silu");
  config.rope = ReadRope(reader, {.head_dim = config.head_dim,
                                  .max_position_embeddings = config.max_position_embeddings})
                    .shared;
  config.window = ReadWindows(reader, config.num_layers);
  CheckHeads(reader, config);
  RefuseUnsupported(reader, config);
  return config;
}

}  // namespace lathe
