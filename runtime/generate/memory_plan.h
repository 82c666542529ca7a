// Says what running a model takes of memory before anything is allocated, and how many sequences of
// how many tokens a given memory holds. The generator sizes its pools by the same functions.
//   LATHE_ASSIGN_OR_RETURN(MemoryPlan plan, PlanMemory(manifest, {.context = 4096, .sequences =
//   8})); plan.total_bytes();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/state/kv_cache.h"

namespace lathe {

// What the pools must have room for.
struct PoolSize {
  int64_t context = 0;  // tokens of a sequence
  int64_t sequences = 1;
  // Of all sequences together; none: a full context each.
  std::optional<int64_t> pool_tokens = std::nullopt;
  int64_t step_rows = 512;  // that a step aims at
};

// Pages of one group: full contexts, or pool_tokens tokens in as many partly filled pages,
// whichever is less.
int64_t PoolPages(const KvGroupLayout& layout, const PoolSize& size);

// The most rows of one step: see scheduler.h.
int64_t MostStepRows(const PoolSize& size);

struct MemoryOptions {
  std::string entry = "step";
  std::string target = "cpu";
  int64_t threads = 1;
  // None: what the model was made for.
  std::optional<int64_t> context = std::nullopt;
  int64_t sequences = 1;
  std::optional<int64_t> pool_tokens = std::nullopt;
  int64_t step_rows = 512;
  // None: nothing is compared with it.
  std::optional<uint64_t> memory_bytes = std::nullopt;
};

struct GroupMemory {
  std::string name = {};
  int64_t page_tokens = 0;
  int64_t window = 0;
  uint64_t page_bytes = 0;
  int64_t pages_per_sequence = 0;
  int64_t num_pages = 0;

  uint64_t token_bytes() const { return page_bytes / static_cast<uint64_t>(page_tokens); }
};

// All bytes that are in memory once every sequence is at its end. Sums end at the largest uint64.
struct MemoryPlan {
  PoolSize size = {};
  int64_t threads = 1;
  int64_t most_step_rows = 0;
  uint64_t weight_bytes = 0;     // with constants, mapped from the artifact
  uint64_t code_bytes = 0;       // and tokenizer and texts, mapped too
  uint64_t workspace_bytes = 0;  // of the largest step
  uint64_t scratch_bytes = 0;    // of kernels, all threads
  uint64_t process_bytes = 0;    // what is there without a model
  std::vector<GroupMemory> groups = {};

  // With a budget only. None: not even one.
  std::optional<int64_t> largest_batch = std::nullopt;    // sequences of size.context tokens
  std::optional<int64_t> largest_context = std::nullopt;  // of size.sequences sequences

  // All but the pools.
  uint64_t fixed_bytes() const;
  uint64_t pool_bytes() const;
  // One sequence of size.context tokens.
  uint64_t sequence_bytes() const;
  uint64_t token_bytes() const;
  uint64_t total_bytes() const;
};

// `manifest` as Artifact::Open checked it. Errors: NotFound without such an entry, InvalidArgument
// for options that the model cannot serve or a manifest that contradicts itself.
absl::StatusOr<MemoryPlan> PlanMemory(const artifact::Manifest& manifest,
                                      const MemoryOptions& options);

// The same with as many sequences and pools as large as options.memory_bytes, which must be there,
// allows, at most what is asked for: requests beyond wait for their turn. ResourceExhausted when
// not even one context fits, with what would.
absl::StatusOr<MemoryPlan> FitMemory(const artifact::Manifest& manifest,
                                     const MemoryOptions& options);

}  // namespace lathe
