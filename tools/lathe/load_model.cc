#include "tools/lathe/load_model.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/pipeline/compile.h"
#include "frontend/chat/chat_template.h"
#include "frontend/chat/load_chat_template.h"
#include "frontend/config/generation_config.h"
#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/weight_name.h"

namespace lathe {
namespace {

std::unique_ptr<mlir::MLIRContext> MakeContext() {
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  auto context =
      std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  // Messages say what is wrong; the op in generic form beside it would only bury that.
  context->printOpOnDiagnostic(false);
  return context;
}

absl::Status CheckFolder(const std::string& folder) {
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return absl::OkStatus();
  if (!std::filesystem::exists(folder, ignored))
    return absl::NotFoundError(absl::StrCat(folder, ": there is no such folder"));
  return absl::InvalidArgumentError(
      absl::StrCat(folder, " is not a folder; give the folder that holds config.json"));
}

absl::Status CheckFile(const std::string& folder, const std::string& name,
                       absl::string_view go_on) {
  std::error_code ignored;
  if (std::filesystem::exists(folder + "/" + name, ignored)) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(folder, ": holds no ", name, "; ", go_on));
}

artifact::GenerationDefaults ToProto(const GenerationConfig& config) {
  artifact::GenerationDefaults defaults;
  defaults.set_do_sample(config.do_sample);
  defaults.set_temperature(static_cast<float>(config.temperature));
  defaults.set_top_k(static_cast<int32_t>(config.top_k));
  defaults.set_top_p(static_cast<float>(config.top_p));
  defaults.set_min_p(static_cast<float>(config.min_p));
  defaults.set_repetition_penalty(static_cast<float>(config.repetition_penalty));
  for (int64_t id : config.eos_token_ids) defaults.add_stop_ids(static_cast<int32_t>(id));
  defaults.set_max_new_tokens(static_cast<int32_t>(config.max_new_tokens.value_or(0)));
  return defaults;
}

absl::Status LoadTokenizer(const LoadOptions& options, const LoadedModel& loaded,
                           Attachments& attachments, Hasher64& hash) {
  LATHE_RETURN_IF_ERROR(CheckFile(options.folder, "tokenizer.json",
                                  "copy or download that of the model into the folder"));
  const std::string path = options.folder + "/tokenizer.json";
  LATHE_ASSIGN_OR_RETURN(std::string json, ReadFile(path));
  hash.Update(json);
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::FromJson(json, path));
  attachments.tokenizer = tokenizer.Serialize();
  attachments.tokenizer_size = tokenizer.size();
  if (attachments.tokenizer_size > loaded.model.vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has ", tokenizer.size(), " ids, but vocab_size in config.json is ",
                     loaded.model.vocab_size, "; the two files must be of the same model"));
  }
  return absl::OkStatus();
}

absl::Status LoadTemplate(const LoadOptions& options, Attachments& attachments, Hasher64& hash) {
  LATHE_ASSIGN_OR_RETURN(std::optional<std::string> source,
                         LoadChatTemplate(options.folder, /*has_tools=*/false));
  if (source) {
    // Parsed here so that a template that cannot be rendered is an error of the compiler, not of
    // every run.
    LATHE_RETURN_IF_ERROR(ChatTemplate::Parse(*source, options.folder + "/chat_template").status());
    attachments.chat_template = *source;
    hash.Update(*source);
  }
  LATHE_ASSIGN_OR_RETURN(SpecialTokens tokens, LoadSpecialTokens(options.folder));
  attachments.special_tokens = std::move(tokens);
  return absl::OkStatus();
}

// A case as lathe-run run --check reads it.
bool IsCase(const nlohmann::json& item) {
  auto is_list = [&](const char* key) { return item.contains(key) && item[key].is_array(); };
  return item.is_object() && item.contains("name") && item["name"].is_string() &&
         is_list("prompt_ids") && is_list("greedy_ids");
}

absl::Status LoadCases(const LoadOptions& options, Attachments& attachments) {
  std::string path = options.cases;
  if (path.empty()) {
    path = options.folder + "/cases.json";
    if (!std::filesystem::exists(path)) return absl::OkStatus();
  }
  LATHE_ASSIGN_OR_RETURN(attachments.cases, ReadFile(path));
  auto parsed = nlohmann::json::parse(attachments.cases, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_array()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": ",
        parsed.is_discarded() ? "is not JSON" : absl::StrCat("is a JSON ", parsed.type_name()),
        ", expected a list of {\"name\", \"prompt_ids\", \"greedy_ids\"}"));
  }
  for (size_t i = 0; i < parsed.size(); ++i) {
    if (IsCase(parsed[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": [", i,
        "] is no case, expected {\"name\": text, \"prompt_ids\": list, \"greedy_ids\": list}"));
  }
  return absl::OkStatus();
}

// An end token that the model cannot produce is a slip in one of the two files.
absl::Status CheckStopIds(const std::string& folder, const GenerationConfig& generation,
                          int64_t vocab_size) {
  for (int64_t id : generation.eos_token_ids) {
    if (id < vocab_size) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": eos_token_id of generation_config.json or config.json is ", id,
                     ", but vocab_size in config.json is ", vocab_size,
                     "; the files must be of the same model"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedModel> LoadModel(const LoadOptions& options) {
  LATHE_RETURN_IF_ERROR(CheckFolder(options.folder));
  LATHE_RETURN_IF_ERROR(
      CheckFile(options.folder, "config.json", "give the folder of a Hugging Face model"));
  LoadedModel loaded;
  loaded.context = MakeContext();
  LATHE_ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::Open(options.folder + "/config.json",
                                                                 options.ignored_config_keys));
  LATHE_ASSIGN_OR_RETURN(loaded.checkpoint, Checkpoint::Open(options.folder));
  LATHE_ASSIGN_OR_RETURN(loaded.tensors, CanonicalNames::Over(*loaded.checkpoint, options.folder));
  auto dtype_of = [&](const std::string& name) -> std::optional<DType> {
    const TensorView* tensor = loaded.tensors->Find(name);
    return tensor == nullptr ? std::nullopt : std::optional<DType>(tensor->dtype);
  };
  LATHE_ASSIGN_OR_RETURN(
      loaded.model, BuildModel(loaded.context.get(), config, {.probes = options.probes}, dtype_of));
  loaded.warnings = config.warnings();
  for (const std::string& warning : loaded.checkpoint->warnings())
    loaded.warnings.push_back(warning);
  return loaded;
}

namespace {

// Each tensor once, in the order in which weights first read them. Where weights read rows of one
// tensor, it has as many as the last of them needs.
std::vector<ExpectedTensor> Expected(const std::vector<ParamInfo>& params) {
  std::vector<ExpectedTensor> expected;
  std::map<std::string, size_t> index;
  for (const ParamInfo& param : params) {
    const auto tensors = SourceTensors(param.name, param.shape);
    LATHE_CHECK(tensors.ok()) << tensors.status().ToString();  // the builder parsed the name
    for (const SourceTensor& tensor : *tensors) {
      const auto [known, is_new] = index.try_emplace(tensor.name, expected.size());
      if (is_new) {
        expected.push_back({.name = tensor.name,
                            .shape = tensor.shape,
                            .dtypes = {DType::kBF16, DType::kF16, DType::kF32}});
      } else {
        std::vector<int64_t>& shape = expected[known->second].shape;
        shape[1] = std::max(shape[1], tensor.shape[1]);
      }
    }
  }
  return expected;
}

}  // namespace

CheckReport CheckModel(const LoadedModel& loaded, bool allow_unused, bool scan_values,
                       int threads) {
  const std::vector<ExpectedTensor> expected = Expected(loaded.model.params);
  CheckOptions options{
      .allow_unused = allow_unused, .scan_values = scan_values, .threads = threads};
  for (const OptionalWeight& weight : loaded.model.unused)
    options.ignorable.push_back(weight.pattern);
  return CheckTensors(*loaded.tensors, expected, options);
}

std::string HowToGoOn(const CheckReport& report) {
  auto has = [&](std::initializer_list<CheckProblem::Kind> kinds) {
    return absl::c_any_of(report.problems, [&](const CheckProblem& problem) {
      return absl::c_linear_search(kinds, problem.kind);
    });
  };
  using Kind = CheckProblem::Kind;
  std::vector<std::string> advice;
  if (has({Kind::kUnexpected}))
    advice.push_back("--allow-unused goes on without unexpected tensors");
  if (has({Kind::kMissing, Kind::kWrongShape, Kind::kNotFinite}))
    advice.push_back(
        "config.json and the tensors must be of the same model, and whole: compare with its "
        "source");
  if (has({Kind::kWrongType}))
    advice.push_back(
        "quantised and integer weights are not supported: use the bf16 release of the model");
  return absl::StrJoin(advice, "\n");
}

absl::Status ToStatus(const CheckReport& report) {
  if (report.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(report.Text(), HowToGoOn(report)));
}

absl::StatusOr<Attachments> LoadAttachments(const LoadOptions& options, const LoadedModel& loaded) {
  Attachments attachments;
  std::filesystem::path folder = std::filesystem::path(options.folder).lexically_normal();
  attachments.model_name =
      (folder.has_filename() ? folder.filename() : folder.parent_path().filename()).string();
  Hasher64 hash;
  LATHE_ASSIGN_OR_RETURN(std::string config, ReadFile(options.folder + "/config.json"));
  hash.Update(config);
  LATHE_RETURN_IF_ERROR(LoadTokenizer(options, loaded, attachments, hash));
  LATHE_RETURN_IF_ERROR(LoadTemplate(options, attachments, hash));
  GenerationConfig defaults{.eos_token_ids = loaded.model.common.eos_token_ids,
                            .bos_token_id = loaded.model.common.bos_token_id,
                            .pad_token_id = loaded.model.common.pad_token_id};
  LATHE_ASSIGN_OR_RETURN(
      GenerationConfig generation,
      LoadGenerationConfig(options.folder, defaults, options.ignored_config_keys));
  LATHE_RETURN_IF_ERROR(CheckStopIds(options.folder, generation, loaded.model.vocab_size));
  attachments.generation = ToProto(generation);
  LATHE_RETURN_IF_ERROR(LoadCases(options, attachments));
  attachments.source_hash = hash.Digest();
  return attachments;
}

std::string PrecisionOfCheckpoint(const Checkpoint& checkpoint) {
  uint64_t f32_bytes = 0;
  for (const SafetensorsFile& file : checkpoint.files()) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      if (tensor.view.dtype == DType::kF32) f32_bytes += tensor.view.bytes.size();
    }
  }
  return 2 * f32_bytes > checkpoint.total_bytes() ? "f32" : "bf16";
}

}  // namespace lathe
