#include "frontend/config/rope_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

constexpr std::array<std::pair<RopeType, absl::string_view>, 6> kTypeNames = {{
    {RopeType::kDefault, "default"},
    {RopeType::kLinear, "linear"},
    {RopeType::kDynamic, "dynamic"},
    {RopeType::kYarn, "yarn"},
    {RopeType::kLongrope, "longrope"},
    {RopeType::kLlama3, "llama3"},
}};
constexpr std::array<absl::string_view, 7> kSpellings = {"default",  "linear", "dynamic", "yarn",
                                                         "longrope", "llama3", "mrope"};

// ln(theta) is a divisor: a base of 1 has only one frequency.
constexpr FloatRange kTheta{1.001, 1e30};
constexpr FloatRange kNotNegative{0};

// What the object that holds the rope keys takes from around it.
struct Surroundings {
  ConfigReader& text;
  const RopeReadOptions& options;
  std::optional<double> theta;
  std::optional<double> partial_rotary_factor;
};

RopeType ReadType(ConfigReader& rope) {
  // Older files say "type"; where both stand, rope_type decides. The sections of mrope do the rest.
  const bool is_old = !rope.Has("rope_type");
  rope.Ignore({"type", "rope_type"});
  const std::string name = rope.StringOneOf(is_old ? "type" : "rope_type", kSpellings, "default");
  for (const auto& [type, spelling] : kTypeNames) {
    if (name == spelling) return type;
  }
  return RopeType::kDefault;
}

void ReadOriginalLength(ConfigReader& rope, const Surroundings& around, RopeConfig& config) {
  constexpr absl::string_view kKey = "original_max_position_embeddings";
  std::optional<int64_t> inner = rope.OptionalInt(kKey, kExtent);
  std::optional<int64_t> outer = around.text.OptionalInt(kKey, kExtent);
  config.original_max_position_embeddings =
      outer ? *outer : inner.value_or(config.max_position_embeddings);
  if (config.type != RopeType::kYarn || !config.factor || (!inner && !outer)) return;
  const double ratio = static_cast<double>(config.max_position_embeddings) /
                       static_cast<double>(config.original_max_position_embeddings);
  if (std::fabs(ratio - *config.factor) > 1e-6 * ratio) {
    rope.Warn("factor",
              absl::StrCat(*config.factor, " is used as given, though max_position_embeddings / ",
                           kKey, " = ", ratio));
  }
}

void ReadYarn(ConfigReader& rope, RopeConfig& config) {
  config.attention_factor = rope.OptionalFloat("attention_factor", kNotNegative);
  config.beta_fast = rope.FloatOr("beta_fast", config.beta_fast, kPositive);
  config.beta_slow = rope.FloatOr("beta_slow", config.beta_slow, kPositive);
  config.mscale = rope.FloatOr("mscale", 0, kNotNegative);
  config.mscale_all_dim = rope.FloatOr("mscale_all_dim", 0, kNotNegative);
  config.truncate = rope.BoolOr("truncate", true);
}

void ReadLongrope(ConfigReader& rope, int64_t dim, RopeConfig& config) {
  config.attention_factor = rope.OptionalFloat("attention_factor", kNotNegative);
  config.long_factor = rope.FloatList("long_factor", kPositive);
  config.short_factor = rope.FloatList("short_factor", kPositive);
  if (config.original_max_position_embeddings == 1) {
    rope.Fail("original_max_position_embeddings",
              "found 1, expected more: its logarithm is a divisor");
  }
  const auto check_length = [&](absl::string_view key, const std::vector<double>& factors) {
    if (!rope.HasList(key) || factors.size() == static_cast<size_t>(dim / 2)) return;
    rope.Fail(key, absl::StrCat("found a list of ", factors.size(), ", expected ", dim / 2,
                                " (half of the rotated components)"));
  };
  check_length("long_factor", config.long_factor);
  check_length("short_factor", config.short_factor);
}

void ReadLlama3(ConfigReader& rope, RopeConfig& config) {
  config.low_freq_factor = rope.Float("low_freq_factor", kPositive);
  config.high_freq_factor = rope.Float("high_freq_factor", kPositive);
  if (rope.ok() && config.high_freq_factor <= config.low_freq_factor) {
    rope.Fail("high_freq_factor",
              absl::StrCat("found ", config.high_freq_factor,
                           ", expected more than low_freq_factor = ", config.low_freq_factor));
  }
}

void ReadSections(ConfigReader& rope, int64_t dim, RopeConfig& config) {
  rope.Ignore({"mrope_interleaved"});  // the family decides
  std::optional<std::vector<int64_t>> sections = rope.OptionalIntList("mrope_section", kCount);
  if (!sections) return;
  const int64_t sum = std::accumulate(sections->begin(), sections->end(), int64_t{0});
  if (sections->size() != 3 || sum != dim / 2) {
    rope.Fail("mrope_section", absl::StrCat("found ", sections->size(), " sections with the sum ",
                                            sum, ", expected 3 with the sum ", dim / 2,
                                            " (half of the rotated components)"));
  }
  config.mrope_section = *std::move(sections);
}

// One object with rope keys, after rules 2 to 5.
RopeConfig ReadOne(ConfigReader& rope, const Surroundings& around) {
  const RopeReadOptions& options = around.options;
  RopeConfig config;
  config.max_position_embeddings = options.max_position_embeddings;
  config.theta =
      rope.OptionalFloat("rope_theta", kTheta).value_or(around.theta.value_or(config.theta));
  config.partial_rotary_factor =
      rope.OptionalFloat("partial_rotary_factor", {0, 1})
          .value_or(around.partial_rotary_factor.value_or(options.default_partial_rotary_factor));
  config.type = ReadType(rope);
  const int64_t dim = RotaryDim(config, options.head_dim);
  if (dim < 2 || dim % 2 != 0 || (config.type == RopeType::kDynamic && dim == 2)) {
    rope.Fail("partial_rotary_factor",
              absl::StrCat(config.partial_rotary_factor, " of head_dim ", options.head_dim,
                           " rotates ", dim, " components, expected an even number from ",
                           config.type == RopeType::kDynamic ? 4 : 2));
  }
  ReadSections(rope, dim, config);
  if (config.type == RopeType::kDefault) return config;

  config.factor = rope.OptionalFloat("factor", kPositive);
  if (!rope.Has("factor") && config.type != RopeType::kLongrope) {
    rope.Fail("factor",
              absl::StrCat("is missing; rope_type ", RopeTypeName(config.type), " needs it"));
  }
  if (config.type == RopeType::kLinear || config.type == RopeType::kDynamic) return config;
  ReadOriginalLength(rope, around, config);
  if (config.type == RopeType::kYarn) ReadYarn(rope, config);
  if (config.type == RopeType::kLongrope) ReadLongrope(rope, dim, config);
  if (config.type == RopeType::kLlama3) ReadLlama3(rope, config);
  return config;
}

// True for { "full_attention": {..}, "sliding_attention": {..} }; no key of a single configuration
// holds an object.
bool IsByLayerType(const ConfigReader& rope) {
  for (const std::string& key : rope.Keys()) {
    if (rope.HasObject(key)) return true;
  }
  return false;
}

// theta^(2i / dim) for i < dim / 2, in f32.
std::vector<float> PositionFrequencies(float theta, int64_t dim) {
  std::vector<float> powers(static_cast<size_t>(dim / 2));
  for (size_t i = 0; i < powers.size(); ++i) {
    powers[i] = std::pow(theta, static_cast<float>(2 * i) / static_cast<float>(dim));
  }
  return powers;
}

float DynamicTheta(const RopeConfig& config, int64_t dim, int64_t sequence_tokens) {
  const auto length = static_cast<float>(std::max(sequence_tokens, config.max_position_embeddings));
  const auto factor = static_cast<float>(*config.factor);
  const float stretch = factor * length / static_cast<float>(config.max_position_embeddings) -
                        static_cast<float>(*config.factor - 1);
  const double exponent = static_cast<double>(dim) / static_cast<double>(dim - 2);
  return static_cast<float>(config.theta) * std::pow(stretch, static_cast<float>(exponent));
}

void ApplyYarn(const RopeConfig& config, int64_t dim, const std::vector<float>& powers,
               std::vector<float>& result) {
  // The index of the frequency that turns `rotations` times over the original length.
  const auto correction = [&](double rotations) {
    return static_cast<double>(dim) *
           std::log(static_cast<double>(config.original_max_position_embeddings) /
                    (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(config.theta));
  };
  double low = correction(config.beta_fast);
  double high = correction(config.beta_slow);
  if (config.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dim - 1));
  if (low == high) high += 0.001;
  for (size_t i = 0; i < result.size(); ++i) {
    const float position =
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low);
    const float extrapolated_share = 1 - std::clamp(position, 0.0f, 1.0f);
    const float extrapolated = 1.0f / powers[i];
    const float interpolated = 1.0f / (static_cast<float>(*config.factor) * powers[i]);
    result[i] = interpolated * (1 - extrapolated_share) + extrapolated * extrapolated_share;
  }
}

void ApplyLlama3(const RopeConfig& config, std::vector<float>& result) {
  const auto low = static_cast<float>(config.low_freq_factor);
  const auto band = static_cast<float>(config.high_freq_factor - config.low_freq_factor);
  const auto factor = static_cast<float>(*config.factor);
  const auto original = static_cast<double>(config.original_max_position_embeddings);
  const auto longest = static_cast<float>(original / config.low_freq_factor);
  const auto shortest = static_cast<float>(original / config.high_freq_factor);
  for (float& frequency : result) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength > longest) {
      frequency /= factor;
    } else if (wavelength >= shortest) {
      const float smooth = (static_cast<float>(original) / wavelength - low) / band;
      frequency = (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }
}

}  // namespace

absl::string_view RopeTypeName(RopeType type) {
  return kTypeNames[static_cast<size_t>(type)].second;
}

const RopeConfig& RopeSettings::For(const std::string& layer_type) const {
  auto it = by_layer_type.find(layer_type);
  return it == by_layer_type.end() ? shared : it->second;
}

RopeSettings ReadRope(ConfigReader& text, const RopeReadOptions& options) {
  Surroundings around{text, options, std::nullopt, std::nullopt};
  if (options.reads_theta) around.theta = text.OptionalFloat("rope_theta", kTheta);
  around.partial_rotary_factor = text.OptionalFloat("partial_rotary_factor", {0, 1});

  ConfigReader rope = text.ObjectOrEmpty("rope_scaling");
  if (rope.Keys().empty()) {
    rope = text.ObjectOrEmpty("rope_parameters");
  } else if (text.Has("rope_parameters")) {
    text.Ignore({"rope_parameters"});
    text.Warn("rope_parameters", "is ignored, since rope_scaling is given too");
  }

  RopeSettings settings;
  if (!IsByLayerType(rope)) {
    settings.shared = ReadOne(rope, around);
    return settings;
  }
  settings.shared.max_position_embeddings = options.max_position_embeddings;
  settings.shared.partial_rotary_factor = options.default_partial_rotary_factor;
  for (const std::string& layer_type : rope.Keys()) {
    if (!rope.HasObject(layer_type)) continue;  // stays unread, and so an error
    ConfigReader inner = rope.Object(layer_type);
    settings.by_layer_type.emplace(layer_type, ReadOne(inner, around));
  }
  return settings;
}

int64_t RotaryDim(const RopeConfig& config, int64_t head_dim) {
  return static_cast<int64_t>(static_cast<double>(head_dim) * config.partial_rotary_factor);
}

std::vector<float> InverseFrequencies(const RopeConfig& config, int64_t head_dim,
                                      int64_t sequence_tokens) {
  const int64_t dim = RotaryDim(config, head_dim);
  LATHE_CHECK(dim >= 2 && dim % 2 == 0) << "rotary components: " << dim;
  const float theta = config.type == RopeType::kDynamic ? DynamicTheta(config, dim, sequence_tokens)
                                                        : static_cast<float>(config.theta);
  const std::vector<float> powers = PositionFrequencies(theta, dim);
  std::vector<float> result(powers.size());
  for (size_t i = 0; i < powers.size(); ++i) result[i] = 1.0f / powers[i];
  switch (config.type) {
    case RopeType::kDefault:
    case RopeType::kDynamic:
      break;
    case RopeType::kLinear:
      for (float& frequency : result) frequency /= static_cast<float>(*config.factor);
      break;
    case RopeType::kYarn:
      ApplyYarn(config, dim, powers, result);
      break;
    case RopeType::kLongrope: {
      const std::vector<double>& factors = sequence_tokens > config.original_max_position_embeddings
                                               ? config.long_factor
                                               : config.short_factor;
      LATHE_CHECK(factors.size() == powers.size()) << factors.size() << " longrope factors";
      for (size_t i = 0; i < powers.size(); ++i) {
        result[i] = 1.0f / (static_cast<float>(factors[i]) * powers[i]);
      }
      break;
    }
    case RopeType::kLlama3:
      ApplyLlama3(config, result);
      break;
  }
  return result;
}

float AttentionScaling(const RopeConfig& config) {
  if (config.type != RopeType::kYarn && config.type != RopeType::kLongrope) return 1;
  if (config.attention_factor) return static_cast<float>(*config.attention_factor);
  if (config.type == RopeType::kLongrope) {
    const double original = static_cast<double>(config.original_max_position_embeddings);
    const double factor =
        config.factor.value_or(static_cast<double>(config.max_position_embeddings) / original);
    return factor <= 1 ? 1
                       : static_cast<float>(std::sqrt(1 + std::log(factor) / std::log(original)));
  }
  const auto scale = [](double factor, double mscale) {
    return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1;
  };
  const double factor = *config.factor;
  if (config.mscale != 0 && config.mscale_all_dim != 0) {
    return static_cast<float>(scale(factor, config.mscale) / scale(factor, config.mscale_all_dim));
  }
  return static_cast<float>(scale(factor, 1));
}

}  // namespace lathe
