// The session file: tokens with their keys and values, so that another process goes on where this
// one ended. Foreign, damaged and useless files are refused by name; nothing in them is trusted.
//   LATHE_RETURN_IF_ERROR(WriteSession(path, artifact.hash(), {tokens, snapshots, text}));
//   LATHE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
//   LATHE_ASSIGN_OR_RETURN(SessionView session, ParseSession(file.bytes()));
//   LATHE_RETURN_IF_ERROR(CheckSession(session, artifact.hash(), layouts, context));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/state/kv_snapshot.h"

namespace lathe {

inline constexpr uint32_t kSessionVersion = 1;

struct SavedSession {
  std::vector<int32_t> tokens = {};     // all of them computed
  std::vector<KvSnapshot> groups = {};  // of each cache group, of all tokens
  std::string text = {};                // whatever the application keeps with them
};

// A parsed file; groups and text lie in its bytes.
struct SessionView {
  uint64_t artifact_hash = 0;
  std::vector<int32_t> tokens = {};
  std::vector<KvSnapshotView> groups = {};
  absl::string_view text = {};
};

// The same session gives the same bytes.
std::string EncodeSession(uint64_t artifact_hash, const SavedSession& session);

// Writes the file whole or not at all. Errors: those of AtomicFile.
absl::Status WriteSession(const std::string& path, uint64_t artifact_hash,
                          const SavedSession& session);

// `bytes`: the whole file, which must outlive the result. Every byte is held against its checksum,
// and no claim of the file is believed before it is held against its size. Errors, which do not
// name the file: InvalidArgument for what is no session or one of another version, DataLoss for one
// that is cut or damaged.
absl::StatusOr<SessionView> ParseSession(absl::string_view bytes);

// Whether this session may be put into the caches of this artifact. FailedPrecondition for another
// artifact's, InvalidArgument for other caches or more tokens than `context`.
absl::Status CheckSession(const SessionView& session, uint64_t artifact_hash,
                          absl::Span<const KvGroupLayout> layouts, int64_t context);

}  // namespace lathe
