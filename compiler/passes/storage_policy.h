// The user's word on how phase quantize stores weights and caches.
//   StoragePolicy policy{.weights = "int4"};           // head and embedding become int8
//   LATHE_RETURN_IF_ERROR(CheckPolicy(policy));
//   LATHE_ASSIGN_OR_RETURN(std::string word, StorageOf(policy, role));  // "int8" for the head
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/passes/weight_roles.h"

namespace lathe {

// Words for weights: "f32" (as the checkpoint holds them, f16 widened), "bf16", "int8", "int4".
struct StoragePolicy {
  // "f32" or "bf16": of caches, and of matrices that nothing below speaks of.
  std::string precision = "bf16";
  // Of the matrices of products; "" = as precision.
  std::string weights = {};
  // Elements that share a scale in int8 and int4: 32 or 128.
  int64_t group = 32;
  // Of tables whose rows are chosen by index, and of the product that makes the logits. "" = as
  // weights, but int8 where those are int4: an error in the head goes into every logit and one in
  // the table into every layer, and neither is read often enough to make int4 pay (llama.cpp keeps
  // its output tensor at 6 or 8 bits in its 4-bit mixtures for the same reason, src/llama-quant.cpp
  // llama_tensor_get_type).
  std::string embedding = {};
  std::string head = {};
};

// InvalidArgument names the flag.
absl::Status CheckPolicy(const StoragePolicy& policy);

// Whether `word` stands for small integers with scales.
bool IsQuantized(absl::string_view word);
// Whether any weight may become small integers.
bool IsQuantized(const StoragePolicy& policy);

// The word for a matrix of `role`. A tensor that is both table and head (tied) is stored once:
// InvalidArgument when embedding and head contradict each other, else the one that is given counts.
absl::StatusOr<std::string> StorageOf(const StoragePolicy& policy, const WeightRole& role);

// "--weights=int4 --group=32 --embedding=int8 --head=int8": all that shapes the weights besides the
// precision, with defaults filled in; "" where that is nothing.
std::string CanonicalFlags(const StoragePolicy& policy);

}  // namespace lathe
