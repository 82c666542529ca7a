// --load-session and --save-session: what an earlier run computed is put into the caches, and what
// this one computed goes to disk.
//   LATHE_ASSIGN_OR_RETURN(SessionInput input, SessionInput::Open(path, artifact, context));
//   LATHE_RETURN_IF_ERROR(input.Import(generator));
//   WriteStderr(input.NoteText(prompt));
//   LATHE_RETURN_IF_ERROR(SaveSession(path, artifact, generator, tokens, ""));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/mapped_file.h"
#include "runtime/generate/generator.h"
#include "runtime/session/session_file.h"

namespace lathe {

// An open session file that belongs to the artifact.
class SessionInput {
 public:
  // Errors: those of MappedFile::Open, ParseSession and CheckSession, with the file's name.
  static absl::StatusOr<SessionInput> Open(const std::string& path, const Artifact& artifact,
                                           int64_t context);

  int64_t num_tokens() const { return static_cast<int64_t>(session_.tokens.size()); }
  // The conversation of a chat; empty where it was none.
  absl::string_view text() const { return session_.text; }

  // Requests whose prompt begins with the session's tokens find them computed.
  absl::Status Import(Generator& generator) const;

  // A line that says why a prompt has less of the session than there is; "" when it begins with all
  // of it.
  std::string NoteText(absl::Span<const int32_t> prompt) const;

 private:
  SessionInput(MappedFile file, SessionView session)
      : file_(std::move(file)), session_(std::move(session)) {}

  MappedFile file_;  // the bytes that session_ is a view of
  SessionView session_;
};

// The tokens of a prompt and of its answer.
std::vector<int32_t> Joined(std::vector<int32_t> prompt, absl::Span<const int32_t> answer);

// Writes what the generator still has of the beginning of `tokens`, in whole pages, and `text`.
absl::Status SaveSession(const std::string& path, const Artifact& artifact, Generator& generator,
                         absl::Span<const int32_t> tokens, std::string text);

}  // namespace lathe
