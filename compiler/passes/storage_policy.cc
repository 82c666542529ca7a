#include "compiler/passes/storage_policy.h"

#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr std::array<absl::string_view, 4> kWords = {"f32", "bf16", "int8", "int4"};

absl::Status CheckWord(absl::string_view flag, const std::string& word) {
  if (word.empty() || absl::c_linear_search(kWords, word)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", word, ": expected f32, bf16, int8 or int4"));
}

std::string WeightsOf(const StoragePolicy& policy) {
  return policy.weights.empty() ? policy.precision : policy.weights;
}

// What tables and heads are stored as where nothing is said of them.
std::string DefaultOfEnds(const StoragePolicy& policy) {
  std::string weights = WeightsOf(policy);
  return weights == "int4" ? "int8" : weights;
}

std::string OrDefault(const std::string& word, const StoragePolicy& policy) {
  return word.empty() ? DefaultOfEnds(policy) : word;
}

}  // namespace

bool IsQuantized(absl::string_view word) { return word == "int8" || word == "int4"; }

bool IsQuantized(const StoragePolicy& policy) {
  return IsQuantized(policy.weights) || IsQuantized(policy.embedding) || IsQuantized(policy.head);
}

absl::Status CheckPolicy(const StoragePolicy& policy) {
  if (policy.precision != "f32" && policy.precision != "bf16") {
    return absl::InvalidArgumentError(
        absl::StrCat("precision ", Quoted(policy.precision), " is not known; f32 and bf16 are"));
  }
  LATHE_RETURN_IF_ERROR(CheckWord("weights", policy.weights));
  LATHE_RETURN_IF_ERROR(CheckWord("embedding", policy.embedding));
  LATHE_RETURN_IF_ERROR(CheckWord("head", policy.head));
  if (policy.group != 32 && policy.group != 128) {
    return absl::InvalidArgumentError(
        absl::StrCat("--group=", policy.group, ": kernels read groups of 32 or 128"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> StorageOf(const StoragePolicy& policy, const WeightRole& role) {
  if (role.is_head && role.is_embedding) {
    if (!policy.head.empty() && !policy.embedding.empty() && policy.head != policy.embedding) {
      return absl::InvalidArgumentError(
          absl::StrCat("--embedding=", policy.embedding, " and --head=", policy.head,
                       ", but one tensor is both in this model and is stored once; give both the "
                       "same word, or one of them only"));
    }
    return OrDefault(policy.head.empty() ? policy.embedding : policy.head, policy);
  }
  if (role.is_head) return OrDefault(policy.head, policy);
  if (role.is_embedding) return OrDefault(policy.embedding, policy);
  return WeightsOf(policy);
}

std::string CanonicalFlags(const StoragePolicy& policy) {
  const bool is_plain = policy.weights.empty() && policy.embedding.empty() && policy.head.empty();
  if (is_plain) return "";
  std::string flags = absl::StrCat("--weights=", WeightsOf(policy));
  if (IsQuantized(policy)) absl::StrAppend(&flags, " --group=", policy.group);
  // What is not given follows the other one in tied models, so that it stays open here as well.
  if (!policy.embedding.empty() || policy.head.empty())
    absl::StrAppend(&flags, " --embedding=", OrDefault(policy.embedding, policy));
  if (!policy.head.empty() || policy.embedding.empty())
    absl::StrAppend(&flags, " --head=", OrDefault(policy.head, policy));
  return flags;
}

}  // namespace lathe
