#include "runtime/c_api/summary.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "runtime/artifact/proto_types.h"
#include "runtime/artifact/quantization_text.h"
#include "runtime/generate/row_keeper.h"

namespace lathe::c_api {
namespace {

using Json = nlohmann::ordered_json;

std::string DTypeText(artifact::DType dtype) {
  const std::optional<DType> known = FromProto(dtype);
  return known ? std::string(DTypeName(*known)) : "?";
}

// Bytes of each way of storing weights.
std::map<std::string, uint64_t> BytesByFormat(const artifact::Manifest& manifest) {
  std::map<std::string, uint64_t> bytes;
  for (const artifact::Weight& weight : manifest.weights())
    bytes[WeightFormatText(weight)] += weight.size();
  return bytes;
}

Json WeightsJson(const artifact::Manifest& manifest) {
  Json formats = Json::object();
  uint64_t total = 0;
  for (const auto& [format, bytes] : BytesByFormat(manifest)) {
    formats[format] = bytes;
    total += bytes;
  }
  return {{"tensors", manifest.weights_size()}, {"bytes", total}, {"formats", std::move(formats)}};
}

Json CachesJson(const artifact::Manifest& manifest) {
  Json list = Json::array();
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    list.push_back({{"name", group.name()},
                    {"layers", group.num_layers()},
                    {"kv_heads", group.kv_heads()},
                    {"head_dim", group.head_dim()},
                    {"dtype", DTypeText(group.dtype())},
                    {"window", group.window()},
                    {"page_tokens", group.page_tokens()},
                    {"page_bytes", group.page_bytes()}});
  }
  return list;
}

template <typename Tensors>
Json TensorsJson(const Tensors& tensors, const artifact::Manifest& manifest) {
  Json object = Json::object();
  for (const auto& tensor : tensors) {
    object[tensor.name()] =
        ShapeText(tensor.shape(), manifest.symbols()) + " " + DTypeText(tensor.dtype());
  }
  return object;
}

Json EntriesJson(const artifact::Manifest& manifest) {
  Json list = Json::array();
  for (const artifact::Program& program : manifest.programs()) {
    list.push_back({{"entry", program.entry()},
                    {"target", program.target()},
                    {"commands", program.commands_size()},
                    {"kernels", program.kernels_size()},
                    {"inputs", TensorsJson(program.inputs(), manifest)},
                    {"outputs", TensorsJson(program.outputs(), manifest)},
                    {"workspace_bytes", ExprText(program.workspace_bytes(), manifest.symbols())}});
  }
  return list;
}

Json GenerationJson(const artifact::GenerationDefaults& defaults) {
  Json stop_ids = Json::array();
  for (const int32_t id : defaults.stop_ids()) stop_ids.push_back(id);
  return {{"do_sample", defaults.do_sample()},
          {"temperature", defaults.temperature()},
          {"top_k", defaults.top_k()},
          {"top_p", defaults.top_p()},
          {"min_p", defaults.min_p()},
          {"repetition_penalty", defaults.repetition_penalty()},
          {"max_new_tokens", defaults.max_new_tokens()},
          {"stop_ids", std::move(stop_ids)}};
}

Json CodeJson(const artifact::Manifest& manifest) {
  Json list = Json::array();
  for (const artifact::Code& code : manifest.code())
    list.push_back({{"target", code.target()}, {"feature_level", code.feature_level()}});
  return list;
}

Json ProvenanceJson(const artifact::Provenance& provenance) {
  return {{"compiler_version", provenance.compiler_version()},
          {"command", provenance.command()},
          {"source_hash", absl::StrFormat("%016x", provenance.source_hash())}};
}

}  // namespace

std::string WeightFormat(const artifact::Manifest& manifest) {
  const std::map<std::string, uint64_t> bytes = BytesByFormat(manifest);
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? "" : most->first;
}

int64_t NumLayers(const artifact::Manifest& manifest) {
  int64_t count = 0;
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) count += group.num_layers();
  return count;
}

int64_t HiddenSize(const artifact::Manifest& manifest) {
  std::set<int64_t> widths;
  for (const artifact::Weight& weight : manifest.weights()) {
    if (weight.shape_size() == 2 && weight.shape(0) == manifest.vocab_size())
      widths.insert(weight.shape(1));
  }
  return widths.size() == 1 ? *widths.begin() : 0;
}

int64_t NumHiddenStates(const artifact::Manifest& manifest) {
  for (const artifact::Program& program : manifest.programs()) {
    if (program.entry() != "step") continue;
    return std::count_if(program.outputs().begin(), program.outputs().end(),
                         [](const artifact::Output& output) {
                           return absl::StartsWith(output.name(), kLayerInputs);
                         });
  }
  return 0;
}

std::string SummaryJson(const Artifact& artifact) {
  const artifact::Manifest& manifest = artifact.manifest();
  Json targets = Json::array();
  for (const std::string& target : manifest.targets()) targets.push_back(target);
  const Json summary = {{"model", manifest.model_name()},
                        {"family", manifest.family()},
                        {"precision", manifest.precision()},
                        {"file_bytes", artifact.file_bytes()},
                        {"vocab_size", manifest.vocab_size()},
                        {"tokenizer_size", manifest.tokenizer_size()},
                        {"max_context", manifest.max_context()},
                        {"layers", NumLayers(manifest)},
                        {"hidden_size", HiddenSize(manifest)},
                        {"weights", WeightsJson(manifest)},
                        {"caches", CachesJson(manifest)},
                        {"generation", GenerationJson(manifest.generation())},
                        {"targets", std::move(targets)},
                        {"code", CodeJson(manifest)},
                        {"entries", EntriesJson(manifest)},
                        {"made_by", ProvenanceJson(manifest.provenance())}};
  // All strings of a manifest are UTF-8, which its reader has checked.
  return summary.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace lathe::c_api
