// Rotary position embedding as a checkpoint configures it: one plain struct from both spellings of
// the file (rope_theta and rope_scaling, or rope_parameters), and the inverse frequencies that
// follow from it.
//   RopeSettings rope = ReadRope(text, {.head_dim = 128, .max_position_embeddings = 40960});
//   LATHE_RETURN_IF_ERROR(reader.Finish());
//   std::vector<float> frequencies = InverseFrequencies(rope.shared, 128, 40960);   // [dim / 2]
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/config/config_reader.h"

namespace lathe {

enum class RopeType { kDefault, kLinear, kDynamic, kYarn, kLongrope, kLlama3 };

// "default", "linear", ...: the spelling of rope_type.
absl::string_view RopeTypeName(RopeType type);

struct RopeConfig {
  RopeType type = RopeType::kDefault;
  double theta = 10000;
  double partial_rotary_factor = 1;
  int64_t max_position_embeddings = 0;
  // All types but default. For longrope none means max_position_embeddings /
  // original_max_position_embeddings.
  std::optional<double> factor;
  // yarn, longrope, llama3.
  int64_t original_max_position_embeddings = 0;
  // yarn, longrope: replaces the formula.
  std::optional<double> attention_factor;
  // yarn. A zero mscale counts as absent.
  double beta_fast = 32;
  double beta_slow = 1;
  double mscale = 0;
  double mscale_all_dim = 0;
  bool truncate = true;
  // longrope, one number for each frequency.
  std::vector<double> long_factor;
  std::vector<double> short_factor;
  // llama3.
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  // Frequencies per axis (t, h, w), for any type; empty without several axes.
  std::vector<int64_t> mrope_section;
};

struct RopeSettings {
  // Where the file distinguishes layer types this is the default configuration, and by_layer_type
  // holds the real ones.
  RopeConfig shared;
  std::map<std::string, RopeConfig> by_layer_type;

  const RopeConfig& For(const std::string& layer_type) const;
};

struct RopeReadOptions {
  int64_t head_dim = 0;
  int64_t max_position_embeddings = 0;
  double default_partial_rotary_factor = 1;
  // False where the family reads the top-level rope_theta itself (a list with a number for each
  // layer) and sets theta afterwards.
  bool reads_theta = true;
};

// Reads the rope keys of `text`, the object with the text fields, and checks that they fit together
// and fit head_dim. Problems go to the reader; the result may be used once its Finish() is OK.
// RopeConfig follows transformers modeling_rope_utils.py standardize_rope_params; that both
// spellings occur at once, the old one winning, is a warning here.
RopeSettings ReadRope(ConfigReader& text, const RopeReadOptions& options);

// Components of a head that are rotated: int(head_dim * partial_rotary_factor).
int64_t RotaryDim(const RopeConfig& config, int64_t head_dim);

// The rotated angle of frequency i at position p is p * result[i], i < RotaryDim / 2.
// `sequence_tokens`, the largest position of the request + 1, matters to dynamic and longrope
// alone; choose it once for a request. f32 steps as the reference takes them: transformers
// modeling_rope_utils.py _compute_default_rope_parameters ... _compute_llama3_parameters.
std::vector<float> InverseFrequencies(const RopeConfig& config, int64_t head_dim,
                                      int64_t sequence_tokens);

// Multiplies cos and sin.
float AttentionScaling(const RopeConfig& config);

}  // namespace lathe
