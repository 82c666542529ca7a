#include "tools/lathe_run/ids_request.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr int64_t kMaxId = std::numeric_limits<int32_t>::max();

absl::Status Unexpected(absl::string_view what, const JsonValue& found,
                        absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", Describe(found), ", expected ", expected));
}

// Whole numbers from `min` to the largest int32.
template <typename T>
absl::StatusOr<std::vector<T>> ReadNumbers(const JsonValue& list, absl::string_view what,
                                           int64_t min) {
  std::vector<T> numbers;
  numbers.reserve(list.items.size());
  for (size_t i = 0; i < list.items.size(); ++i) {
    const JsonValue& item = list.items[i];
    if (item.kind != JsonValue::Kind::kInt || item.integer < min || item.integer > kMaxId) {
      return Unexpected(absl::StrCat(what, "[", i, "]"), item,
                        absl::StrCat("a whole number of at least ", min));
    }
    numbers.push_back(static_cast<T>(item.integer));
  }
  return numbers;
}

// [1, 2] or [[1], [2, 3]].
template <typename T>
absl::StatusOr<std::vector<std::vector<T>>> ReadLists(const JsonValue& value,
                                                      absl::string_view what, int64_t min,
                                                      bool* is_batch) {
  if (value.kind != JsonValue::Kind::kList || value.items.empty()) {
    return Unexpected(what, value,
                      "a list of numbers, or a list of such lists, with at least one item");
  }
  *is_batch = value.items[0].kind == JsonValue::Kind::kList;
  std::vector<std::vector<T>> lists;
  if (!*is_batch) {
    LATHE_ASSIGN_OR_RETURN(std::vector<T> numbers, ReadNumbers<T>(value, what, min));
    lists.push_back(std::move(numbers));
    return lists;
  }
  for (size_t i = 0; i < value.items.size(); ++i) {
    std::string item_name = absl::StrCat(what, "[", i, "]");
    if (value.items[i].kind != JsonValue::Kind::kList || value.items[i].items.empty()) {
      return Unexpected(item_name, value.items[i],
                        "a list of numbers with at least one item, as the first item is one");
    }
    LATHE_ASSIGN_OR_RETURN(std::vector<T> numbers, ReadNumbers<T>(value.items[i], item_name, min));
    lists.push_back(std::move(numbers));
  }
  return lists;
}

absl::Status CheckKeys(const JsonValue& root) {
  static constexpr const char* kKeys[] = {"prompt_ids", "max_new_tokens", "pieces"};
  std::vector<std::string> keys(std::begin(kKeys), std::end(kKeys));
  for (const JsonMember& member : root.members) {
    if (std::find(keys.begin(), keys.end(), member.name) != keys.end()) continue;
    std::string near = Nearest(member.name, keys);
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown key ", Quoted(member.name), near.empty() ? "" : ", did you mean ", near,
        near.empty() ? "" : "?", "; known keys are ", absl::StrJoin(keys, ", ")));
  }
  for (const char* required : {"prompt_ids", "max_new_tokens"}) {
    if (root.Find(required) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the key ", required, " is missing; expected ",
                       "{\"prompt_ids\": [1, 2], \"max_new_tokens\": 5}"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<IdsRequest> FromJson(const JsonValue& root) {
  if (!root.is_object()) return Unexpected("the document", root, "an object");
  LATHE_RETURN_IF_ERROR(CheckKeys(root));
  IdsRequest request;
  LATHE_ASSIGN_OR_RETURN(request.prompts,
                         ReadIdLists(*root.Find("prompt_ids"), "prompt_ids", &request.is_batch));
  const JsonValue& max_new = *root.Find("max_new_tokens");
  if (max_new.kind != JsonValue::Kind::kInt || max_new.integer < 0) {
    return Unexpected("max_new_tokens", max_new, "a whole number of at least 0");
  }
  request.max_new_tokens = max_new.integer;
  request.pieces.resize(request.prompts.size());
  const JsonValue* pieces = root.Find("pieces");
  if (pieces == nullptr || pieces->is_null() ||
      (pieces->kind == JsonValue::Kind::kList && pieces->items.empty()))
    return request;
  bool is_batch = false;
  LATHE_ASSIGN_OR_RETURN(request.pieces, ReadLists<int64_t>(*pieces, "pieces", 1, &is_batch));
  if (is_batch != request.is_batch || request.pieces.size() != request.prompts.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("pieces has ", request.pieces.size(), is_batch ? " lists" : " list of numbers",
                     ", expected the form of prompt_ids, which has ", request.prompts.size()));
  }
  return request;
}

}  // namespace

absl::StatusOr<std::vector<std::vector<int32_t>>> ReadIdLists(const JsonValue& value,
                                                              absl::string_view what,
                                                              bool* is_batch) {
  return ReadLists<int32_t>(value, what, 0, is_batch);
}

absl::StatusOr<IdsRequest> ReadIdsRequest(absl::string_view text, absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(text, origin));
  LATHE_ASSIGN_OR_RETURN(IdsRequest request, FromJson(root), origin);
  return request;
}

}  // namespace lathe
