// An artifact with what the C API reads of it: tokenizer, chat template, what it says of itself.
//   LATHE_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model, Model::Open(path, options));
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/chat/chat_template.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/c_api/lathe.h"

namespace lathe::c_api {

// Immutable: all methods may be called from several threads at once. Shared by the caller's handle
// and the sessions, since C releases them in any order.
class Model {
 public:
  static absl::StatusOr<std::shared_ptr<const Model>> Open(const std::string& path,
                                                           const lathe_model_options& options);

  const Artifact& artifact() const { return artifact_; }
  // FailedPrecondition when the artifact was compiled without one.
  absl::StatusOr<const Tokenizer*> tokenizer() const;

  lathe_model_info Info() const;
  // JSON.
  std::string Describe() const;
  lathe_sampling Sampling() const;

  absl::StatusOr<std::vector<int32_t>> Encode(absl::string_view text,
                                              const lathe_encode_options& options) const;
  absl::StatusOr<std::string> RenderChat(absl::string_view messages_json,
                                         const lathe_chat_options& options) const;
  absl::StatusOr<std::vector<int32_t>> EncodeChat(absl::string_view messages_json,
                                                  const lathe_chat_options& options) const;

 private:
  explicit Model(Artifact artifact);
  absl::Status Prepare();

  Artifact artifact_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
  ChatInput chat_input_;  // without messages
  std::string weights_;   // lathe_model_info.weights
};

}  // namespace lathe::c_api
