// config.json and generation_config.json, down to the numbers that models compute from them; and
// JSON itself, which has two strict readers.
#include "models/qwen3/config.h"

#include <cmath>
#include <string>
#include <vector>

#include "frontend/config/config_reader.h"
#include "frontend/config/generation_config.h"
#include "frontend/config/rope_config.h"
#include "frontend/json/json_text.h"
#include "frontend/json/json_value.h"
#include "frontend/tokenizer/json_document.h"
#include "runtime/base/check.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

// Wider heads are accepted, but computing their frequencies takes the time of many inputs.
constexpr int64_t kMaxHeadDim = 1 << 16;

bool Equal(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind || a.boolean != b.boolean || a.integer != b.integer ||
      a.number != b.number || a.text != b.text || a.items.size() != b.items.size() ||
      a.members.size() != b.members.size()) {
    return false;
  }
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!Equal(a.items[i], b.items[i])) return false;
  }
  for (size_t i = 0; i < a.members.size(); ++i) {
    if (a.members[i].name != b.members[i].name) return false;
    if (!Equal(a.members[i].value, b.members[i].value)) return false;
  }
  return true;
}

// Printed JSON reads as the same value, and both readers accept the same documents.
void ReadAsJson(absl::string_view text) {
  auto value = ParseJson(text, "f");
  auto other = ParseJson(text);
  LATHE_CHECK(value.ok() == other.ok())
      << value.status().ToString() << " but " << other.status().ToString();
  if (!value.ok()) return;
  const std::string printed = JsonText(*value);
  auto again = ParseJson(printed, "f");
  LATHE_CHECK(again.ok()) << printed << ": " << again.status().ToString();
  LATHE_CHECK(Equal(*value, *again)) << printed;
  LATHE_CHECK(JsonText(*again) == printed) << printed;
}

void ReadAsModelConfig(absl::string_view text) {
  auto reader = ConfigReader::Parse(text, "f");
  if (!reader.ok()) return;
  auto config = qwen3::Config::Read(*reader);
  if (!config.ok()) return;
  LATHE_CHECK(config->decoder.head_dim % 2 == 0 && config->decoder.num_heads % config->decoder.num_kv_heads == 0)
      << config->decoder.num_heads;
  LATHE_CHECK(static_cast<int64_t>(config->decoder.window.size()) == config->decoder.num_layers)
      << config->decoder.num_layers;
  if (config->decoder.head_dim > kMaxHeadDim) return;
  const std::vector<float> frequencies =
      InverseFrequencies(config->decoder.rope, config->decoder.head_dim, config->decoder.max_position_embeddings);
  LATHE_CHECK(static_cast<int64_t>(frequencies.size()) ==
              RotaryDim(config->decoder.rope, config->decoder.head_dim) / 2)
      << frequencies.size();
  LATHE_CHECK(std::isfinite(AttentionScaling(config->decoder.rope))) << "attention scaling";
}

void ReadAsGenerationConfig(absl::string_view text) {
  auto reader = ConfigReader::Parse(text, "f");
  if (!reader.ok()) return;
  const GenerationConfig config = ReadGenerationConfig(*reader, {});
  if (!reader->Finish().ok()) return;
  LATHE_CHECK(std::isfinite(config.temperature) && config.temperature >= 0) << config.temperature;
  LATHE_CHECK(config.top_p >= 0 && config.top_p <= 1 && config.top_k >= 0) << config.top_p;
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lathe::fuzz::Text(data, size);
  lathe::fuzz::ReadAsJson(text);
  lathe::fuzz::ReadAsModelConfig(text);
  lathe::fuzz::ReadAsGenerationConfig(text);
  return 0;
}
