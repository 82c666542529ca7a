#include "runtime/c_api/model.h"

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_tree.h"
#include "frontend/json/json_value.h"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "runtime/c_api/summary.h"
#include "runtime/generate/sampling_params.h"

namespace lathe::c_api {
namespace {

// What the tokenizer can count.
constexpr size_t kMaxTextBytes = size_t{1} << 31;

std::tm LocalTime() {
  std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

absl::StatusOr<nlohmann::ordered_json> ReadJson(absl::string_view text, absl::string_view name) {
  LATHE_ASSIGN_OR_RETURN(const JsonValue value, ParseJson(text, name));
  return JsonTree(value);
}

}  // namespace

Model::Model(Artifact artifact) : artifact_(std::move(artifact)) {}

absl::StatusOr<std::shared_ptr<const Model>> Model::Open(const std::string& path,
                                                         const lathe_model_options& options) {
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(path));
  if (options.verify != 0) LATHE_RETURN_IF_ERROR(artifact.VerifyAll());
  std::shared_ptr<Model> model(new Model(std::move(artifact)));
  LATHE_RETURN_IF_ERROR(model->Prepare(), path);
  return model;
}

absl::Status Model::Prepare() {
  weights_ = WeightFormat(artifact_.manifest());
  if (artifact_.HasSection("tokenizer")) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view tables, artifact_.Section("tokenizer"));
    LATHE_ASSIGN_OR_RETURN(tokenizer_, Tokenizer::FromTables(tables), "section tokenizer");
  }
  if (artifact_.HasSection("chat_template")) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view source, artifact_.Section("chat_template"));
    LATHE_ASSIGN_OR_RETURN(template_, ChatTemplate::Parse(source, "chat_template"));
  }
  for (const artifact::NamedText& token : artifact_.manifest().special_tokens())
    chat_input_.special_tokens.emplace_back(token.name(), token.text());
  chat_input_.clock = LocalTime;
  return absl::OkStatus();
}

absl::StatusOr<const Tokenizer*> Model::tokenizer() const {
  if (tokenizer_.has_value()) return &*tokenizer_;
  return absl::FailedPreconditionError(absl::StrCat(
      artifact_.path(),
      " has no tokenizer, so it reads and makes ids alone; compile a folder that has a "
      "tokenizer.json"));
}

lathe_model_info Model::Info() const {
  const artifact::Manifest& manifest = artifact_.manifest();
  return {.name = manifest.model_name().c_str(),
          .family = manifest.family().c_str(),
          .precision = manifest.precision().c_str(),
          .weights = weights_.c_str(),
          .vocab_size = manifest.vocab_size(),
          .tokenizer_size = manifest.tokenizer_size(),
          .max_context = manifest.max_context(),
          .num_layers = NumLayers(manifest),
          .hidden_size = HiddenSize(manifest),
          .has_tokenizer = tokenizer_.has_value() ? 1 : 0,
          .has_chat_template = template_.has_value() ? 1 : 0,
          .has_hidden_states = NumHiddenStates(manifest) > 0 ? 1 : 0};
}

std::string Model::Describe() const { return SummaryJson(artifact_); }

lathe_sampling Model::Sampling() const {
  const SamplingParams own = Resolve({OwnSettings(artifact_.manifest().generation())});
  return {.temperature = own.temperature,
          .top_p = own.top_p,
          .min_p = own.min_p,
          .repetition_penalty = own.repetition_penalty,
          .frequency_penalty = own.frequency_penalty,
          .presence_penalty = own.presence_penalty,
          .top_k = own.top_k};
}

absl::StatusOr<std::vector<int32_t>> Model::Encode(absl::string_view text,
                                                   const lathe_encode_options& options) const {
  LATHE_ASSIGN_OR_RETURN(const Tokenizer* tokenizer, this->tokenizer());
  if (text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the text has ", text.size(), " bytes, expected at most ", kMaxTextBytes));
  }
  return tokenizer->Encode(text, {.parse_special = options.special_is_text == 0,
                                  .add_template = options.add_template != 0});
}

absl::StatusOr<std::string> Model::RenderChat(absl::string_view messages_json,
                                              const lathe_chat_options& options) const {
  if (!template_.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        artifact_.path(), " has no chat template; encode the text of a prompt instead"));
  }
  ChatInput input = chat_input_;
  LATHE_ASSIGN_OR_RETURN(input.messages, ReadJson(messages_json, "messages_json"));
  if (options.tools_json != nullptr) {
    LATHE_ASSIGN_OR_RETURN(input.tools, ReadJson(options.tools_json, "tools_json"));
  }
  if (options.variables_json != nullptr) {
    LATHE_ASSIGN_OR_RETURN(input.variables, ReadJson(options.variables_json, "variables_json"));
  }
  input.add_generation_prompt = options.is_finished == 0;
  return template_->Render(input);
}

absl::StatusOr<std::vector<int32_t>> Model::EncodeChat(absl::string_view messages_json,
                                                       const lathe_chat_options& options) const {
  LATHE_ASSIGN_OR_RETURN(const std::string text, RenderChat(messages_json, options));
  return Encode(text, {});
}

}  // namespace lathe::c_api
