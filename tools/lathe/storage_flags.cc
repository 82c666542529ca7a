#include "tools/lathe/storage_flags.h"

#include "runtime/base/status_macros.h"
#include "tools/lathe/load_model.h"

namespace lathe {

void DeclareStorageFlags(StorageFlags& storage, FlagTable& flags) {
  flags.Choice("precision", &storage.precision, {"checkpoint", "bf16", "f32"},
               "weights and caches: bf16; f32 (exact mode: weights as stored, caches f32); or what "
               "the checkpoint holds");
  flags.String(
      "weights", &storage.weights, {.form = "TYPE", .absent = "as --precision"},
      "the weight matrices: int8 (half of bf16, next to no loss), int4 (0.28 of bf16, some "
      "loss: measure it with lathe check --quality), bf16, or f32 (as stored)");
  flags.OptionalInt("group", &storage.group,
                    {.unit = "elements", .min = 32, .max = 128, .absent = "32"},
                    "weights of a row that share a scale in int8 and int4: 32 (closer) or 128 "
                    "(smaller, faster)");
  flags.String(
      "embedding", &storage.embedding,
      {.form = "TYPE", .absent = "as --weights, but int8 for int4"},
      "the table of embeddings; one row a token is read, so int4 saves memory but no time");
  flags.String("head", &storage.head, {.form = "TYPE", .absent = "as --weights, but int8 for int4"},
               "the matrix that makes the logits; models that tie it to the embedding have one "
               "tensor for both");
}

absl::StatusOr<StoragePolicy> ToStoragePolicy(const StorageFlags& storage) {
  StoragePolicy policy{.precision = storage.precision == "checkpoint" ? "bf16" : storage.precision,
                       .weights = storage.weights,
                       .group = storage.group.value_or(32),
                       .embedding = storage.embedding,
                       .head = storage.head};
  LATHE_RETURN_IF_ERROR(CheckPolicy(policy));
  if (storage.group && !IsQuantized(policy)) {
    return absl::InvalidArgumentError(
        "--group is about the scales of int8 and int4, but neither is asked for; add "
        "--weights=int8 or --weights=int4, or leave --group out");
  }
  return policy;
}

StoragePolicy ResolvePrecision(const StorageFlags& storage, StoragePolicy policy,
                               const Checkpoint& checkpoint) {
  if (storage.precision == "checkpoint") policy.precision = PrecisionOfCheckpoint(checkpoint);
  return policy;
}

}  // namespace lathe
