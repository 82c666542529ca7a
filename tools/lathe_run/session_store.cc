#include "tools/lathe_run/session_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<SessionInput> SessionInput::Open(const std::string& path, const Artifact& artifact,
                                                int64_t context) {
  LATHE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  LATHE_ASSIGN_OR_RETURN(SessionView session, ParseSession(file.bytes()), path);
  std::vector<KvGroupLayout> layouts;
  for (const artifact::KvCacheGroup& group : artifact.manifest().kv_groups()) {
    LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(group));
    layouts.push_back(std::move(layout));
  }
  LATHE_RETURN_IF_ERROR(CheckSession(session, artifact.hash(), layouts, context), path);
  return SessionInput(std::move(file), std::move(session));
}

absl::Status SessionInput::Import(Generator& generator) const {
  LATHE_RETURN_IF_ERROR(generator.ImportPrefix(session_.tokens, session_.groups), file_.path());
  return absl::OkStatus();
}

std::string SessionInput::NoteText(absl::Span<const int32_t> prompt) const {
  const size_t least = std::min(prompt.size(), session_.tokens.size());
  const auto differs = std::mismatch(prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(least),
                                     session_.tokens.begin());
  const auto common = static_cast<size_t>(differs.first - prompt.begin());
  if (common == session_.tokens.size()) return "";
  return absl::StrCat("lathe-run: of ", file_.path(), " no more than ", common, " of ",
                      session_.tokens.size(), " tokens are of use: the prompt ",
                      common == prompt.size() ? "ends there" : "differs there", "\n");
}

std::vector<int32_t> Joined(std::vector<int32_t> prompt, absl::Span<const int32_t> answer) {
  prompt.insert(prompt.end(), answer.begin(), answer.end());
  return prompt;
}

absl::Status SaveSession(const std::string& path, const Artifact& artifact, Generator& generator,
                         absl::Span<const int32_t> tokens, std::string text) {
  PrefixSnapshot known = generator.ExportPrefix(tokens);
  return WriteSession(path, artifact.hash(),
                      {.tokens = std::move(known.tokens),
                       .groups = std::move(known.groups),
                       .text = std::move(text)});
}

}  // namespace lathe
