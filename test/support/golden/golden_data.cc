#include "test/support/golden/golden_data.h"

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors.h"
#include "nlohmann/json.hpp"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "test/support/data.h"

namespace lathe::testing {
namespace {

// A list of ids, or a list of such lists.
std::vector<std::vector<int32_t>> IdLists(const nlohmann::json& value, bool is_batch) {
  if (is_batch) return value.get<std::vector<std::vector<int32_t>>>();
  return {value.get<std::vector<int32_t>>()};
}

absl::StatusOr<GoldenCase> ReadCase(const std::string& folder, const nlohmann::json& entry) {
  GoldenCase result;
  result.name = entry["name"].get<std::string>();
  result.is_batch = entry["kind"] == "batch";
  result.prompts = IdLists(entry["prompt_ids"], result.is_batch);
  result.greedy_ids = IdLists(entry["greedy_ids"], result.is_batch);
  if (entry.contains("chunked_prefill"))
    result.pieces = entry["chunked_prefill"].get<std::vector<int64_t>>();
  if (entry.contains("bf16_reference")) {
    const nlohmann::json& loss = entry["bf16_reference"];
    result.bf16_loss = {loss["mean_kl"].get<double>(), loss["argmax_agreement"].get<double>()};
  }
  std::string path = absl::StrCat(folder, "/", entry["file"].get<std::string>());
  LATHE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(path));
  for (const SafetensorsTensor& tensor : file.tensors()) {
    LATHE_ASSIGN_OR_RETURN(HostTensor values, HostTensor::FromView(tensor.view), path);
    result.tensors[tensor.name] = std::move(values);
  }
  return result;
}

}  // namespace

std::vector<GoldenModel> OwnGoldenModels() {
  std::vector<GoldenModel> models;
  for (const char* name : {"qwen3_tied", "qwen3_untied", "qwen3_yarn", "qwen3_bias", "qwen3_window",
                           "qwen3_wide", "qwen3_moe", "qwen3_moe_fused"})
    models.push_back({name, SourcePath(absl::StrCat("test/data/golden/", name))});
  return models;
}

std::vector<GoldenModel> AllGoldenModels() {
  std::vector<GoldenModel> models = OwnGoldenModels();
  for (const char* name : {"qwen3_dense_tied", "qwen3_dense_untied", "qwen3_dense_yarn"})
    models.push_back({absl::StrCat("shared_", name), SharedDataPath(absl::StrCat("tiny/", name))});
  return models;
}

absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCases(const std::string& folder) {
  const std::string golden = folder + "/golden";
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(golden + "/cases.json"));
  nlohmann::json list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::InvalidArgumentError(golden + "/cases.json is no list");
  std::vector<GoldenCase> cases;
  for (const nlohmann::json& entry : list) {
    LATHE_ASSIGN_OR_RETURN(GoldenCase each, ReadCase(golden, entry));
    cases.push_back(std::move(each));
  }
  return cases;
}

absl::StatusOr<GoldenCase> ReadGoldenCase(const std::string& folder, const std::string& name) {
  LATHE_ASSIGN_OR_RETURN(std::vector<GoldenCase> cases, ReadGoldenCases(folder));
  for (GoldenCase& each : cases) {
    if (each.name == name) return std::move(each);
  }
  return absl::NotFoundError(absl::StrCat(folder, " has no golden case ", name));
}

}  // namespace lathe::testing
