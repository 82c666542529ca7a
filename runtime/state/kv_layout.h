// How the pages of one cache group are laid out, and how many a sequence needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/base/dtype.h"

namespace lathe {

enum class KvPart { kKey, kValue };

// The layout of a group's pages (artifact.proto, KvCacheGroup): [layer][K part | V part].
struct KvGroupLayout {
  std::string name;
  int64_t num_layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kBF16;
  int64_t page_tokens = 0;
  int64_t window = 0;  // keys that a query sees, itself included; 0 = all
  int64_t page_bytes = 0;
  int64_t layer_bytes = 0;
  int64_t value_offset = 0;
  std::vector<int64_t> model_layers;  // decoder layer of each cache layer

  // Pages that hold `tokens` tokens.
  int64_t NumPages(int64_t tokens) const;
  // Pages that a sequence of `tokens` tokens holds at most when a step writes at most `step_tokens`
  // of them: a window lets the older pages go.
  int64_t PagesFor(int64_t tokens, int64_t step_tokens) const;

  // Where component `component` of token `token` of a page lies in its head's part, in elements.
  int64_t ElementOf(KvPart part, int64_t token, int64_t component) const;

  // Errors: InvalidArgument when the numbers contradict each other, with the group's name.
  static absl::StatusOr<KvGroupLayout> FromManifest(const artifact::KvCacheGroup& group);
};

}  // namespace lathe
