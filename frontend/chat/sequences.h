// Values as sequences and containers: iterating, indexing, slicing, membership, length, attributes.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "frontend/chat/limits.h"
#include "frontend/chat/value.h"

namespace lathe {

// What a `for` over `v` visits, as a list value: items of a list, characters of a string, keys of a
// mapping, nothing of undefined. Errors: InvalidArgument for what cannot be iterated.
absl::StatusOr<Value> Iterate(const Value& v, Budget* budget);

// A new list or mapping, charged to the budget.
absl::StatusOr<Value> MakeList(std::vector<Value> items, Budget* budget);
absl::StatusOr<Value> MakeStrings(absl::Span<const absl::string_view> pieces, Budget* budget);

// len(v): characters of a string, elements of a list, keys of a mapping, 0 of undefined.
absl::StatusOr<int64_t> Length(const Value& v, Budget* budget);

// `item in container`.
absl::StatusOr<bool> Contains(const Value& container, const Value& item, Budget* budget);

// object.name: the method, then the key of a mapping; undefined where there is neither. `object` is
// not undefined.
absl::StatusOr<Value> GetAttribute(const Value& object, absl::string_view name);

// object[index]: the key of a mapping or the element, then the attribute; undefined where there is
// neither.
absl::StatusOr<Value> GetIndex(const Value& object, const Value& index, Budget* budget);

// object[begin:end:step] as in Python; each bound is undefined, none or an integer.
absl::StatusOr<Value> GetSlice(const Value& object, const Value& begin, const Value& end,
                               const Value& step, Budget* budget);

}  // namespace lathe
