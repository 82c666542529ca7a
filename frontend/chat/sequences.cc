#include "frontend/chat/sequences.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/operators.h"
#include "frontend/chat/text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// What a `loop` knows. Returns none where it has no attribute `name`.
std::optional<Value> LoopAttribute(const LoopData& loop, absl::string_view name) {
  const std::vector<Value>& items = loop.items.list().items;
  auto index0 = static_cast<int64_t>(loop.index0);
  auto length = static_cast<int64_t>(items.size());
  if (name == "index") return Value::Int(index0 + 1);
  if (name == "index0") return Value::Int(index0);
  if (name == "revindex") return Value::Int(length - index0);
  if (name == "revindex0") return Value::Int(length - index0 - 1);
  if (name == "first") return Value::Bool(index0 == 0);
  if (name == "last") return Value::Bool(index0 + 1 == length);
  if (name == "length") return Value::Int(length);
  if (name == "depth") return Value::Int(1);  // grows in recursive loops only
  if (name == "depth0") return Value::Int(0);
  if (name == "previtem") return index0 > 0 ? items[loop.index0 - 1] : Value();
  if (name == "nextitem") return index0 + 1 < length ? items[loop.index0 + 1] : Value();
  return std::nullopt;
}

// Python's slice.indices(): which elements of `length` a slice visits.
struct SliceRange {
  int64_t begin;
  int64_t step;
  int64_t count;
};

absl::StatusOr<SliceRange> ResolveSlice(const Value& begin, const Value& end, const Value& step,
                                        int64_t length) {
  LATHE_ASSIGN_OR_RETURN(int64_t stride, IntArgument(step, "slice step", 1));
  if (stride == 0) return absl::InvalidArgumentError("a slice's step is 0");
  bool goes_down = stride < 0;
  int64_t lowest = goes_down ? -1 : 0;
  int64_t highest = goes_down ? length - 1 : length;
  auto bound = [&](const Value& v, absl::string_view what,
                   int64_t otherwise) -> absl::StatusOr<int64_t> {
    if (v.is_undefined() || v.is_none()) return otherwise;
    LATHE_ASSIGN_OR_RETURN(int64_t at, IntArgument(v, what, 0));
    if (at < 0) at = std::max(at + length, lowest);
    return std::clamp(at, lowest, highest);
  };
  LATHE_ASSIGN_OR_RETURN(int64_t from, bound(begin, "slice begin", goes_down ? highest : 0));
  LATHE_ASSIGN_OR_RETURN(int64_t to, bound(end, "slice end", goes_down ? -1 : length));
  int64_t distance = goes_down ? from - to : to - from;
  if (distance <= 0) return SliceRange{from, stride, 0};
  // Steps longer than the sequence visit one element; clamping keeps the negation defined.
  stride = std::clamp(stride, -length - 1, length + 1);
  int64_t pace = goes_down ? -stride : stride;
  return SliceRange{from, stride, (distance + pace - 1) / pace};
}

template <typename T>
std::vector<T> Take(const std::vector<T>& items, const SliceRange& range) {
  std::vector<T> taken;
  taken.reserve(static_cast<size_t>(range.count));
  for (int64_t i = 0; i < range.count; ++i) {
    taken.push_back(items[static_cast<size_t>(range.begin + i * range.step)]);
  }
  return taken;
}

// The element at `index`, counted from the end when negative; undefined outside.
absl::StatusOr<Value> ElementAt(const Value& object, absl::int128 index, Budget* budget) {
  if (object.is_list()) {
    const std::vector<Value>& items = object.list().items;
    auto length = static_cast<int64_t>(items.size());
    if (index < 0) index += length;
    if (index < 0 || index >= length) return Value();
    return items[static_cast<size_t>(index)];
  }
  LATHE_RETURN_IF_ERROR(budget->Scan(object.str().size()));
  std::vector<absl::string_view> characters = SplitCodePoints(object.str());
  auto length = static_cast<int64_t>(characters.size());
  if (index < 0) index += length;
  if (index < 0 || index >= length) return Value();
  return Value::String(characters[static_cast<size_t>(index)]);
}

}  // namespace

absl::StatusOr<Value> MakeList(std::vector<Value> items, Budget* budget) {
  LATHE_RETURN_IF_ERROR(budget->Step(static_cast<int64_t>(items.size())));
  LATHE_RETURN_IF_ERROR(budget->Build(items.size() * sizeof(Value)));
  return Value::List(std::move(items));
}

absl::StatusOr<Value> MakeStrings(absl::Span<const absl::string_view> pieces, Budget* budget) {
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (absl::string_view piece : pieces) {
    LATHE_RETURN_IF_ERROR(budget->Build(piece.size()));
    items.push_back(Value::String(piece));
  }
  return MakeList(std::move(items), budget);
}

absl::StatusOr<Value> Iterate(const Value& v, Budget* budget) {
  switch (v.kind()) {
    case Value::Kind::kList:
      return v;
    case Value::Kind::kUndefined:
      return Value::List({});
    case Value::Kind::kString: {
      // A character as a value takes more room than its bytes: it is charged before it is made.
      LATHE_RETURN_IF_ERROR(budget->Build(v.str().size() * sizeof(Value)));
      return MakeStrings(SplitCodePoints(v.str()), budget);
    }
    case Value::Kind::kMap: {
      std::vector<Value> keys;
      for (const auto& [key, value] : v.map().entries()) {
        LATHE_RETURN_IF_ERROR(budget->Build(key.size()));
        keys.push_back(Value::String(key));
      }
      return MakeList(std::move(keys), budget);
    }
    default:
      return absl::InvalidArgumentError(absl::StrCat("a ", v.TypeName(), " cannot be iterated"));
  }
}

absl::StatusOr<int64_t> Length(const Value& v, Budget* budget) {
  switch (v.kind()) {
    case Value::Kind::kUndefined:
      return 0;
    case Value::Kind::kString:
      LATHE_RETURN_IF_ERROR(budget->Scan(v.str().size()));
      return static_cast<int64_t>(CodePointCount(v.str()));
    case Value::Kind::kList:
      return static_cast<int64_t>(v.list().items.size());
    case Value::Kind::kMap:
      return static_cast<int64_t>(v.map().entries().size());
    default:
      return absl::InvalidArgumentError(absl::StrCat("a ", v.TypeName(), " has no length"));
  }
}

absl::StatusOr<bool> Contains(const Value& container, const Value& item, Budget* budget) {
  switch (container.kind()) {
    case Value::Kind::kUndefined:
      return false;
    case Value::Kind::kString:
      if (!item.is_string()) break;
      LATHE_RETURN_IF_ERROR(budget->Scan(container.str().size()));
      return FindText(container.str(), item.str()) != absl::string_view::npos;
    case Value::Kind::kMap:
      return item.is_string() && container.map().Find(item.str()) != nullptr;
    case Value::Kind::kList:
      for (const Value& element : container.list().items) {
        LATHE_ASSIGN_OR_RETURN(bool same, Equal(element, item, budget));
        if (same) return true;
      }
      return false;
    default:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'in' does not work on ", item.TypeName(), " and ", container.TypeName()));
}

absl::StatusOr<Value> GetAttribute(const Value& object, absl::string_view name) {
  if (object.is(Value::Kind::kLoop)) {
    if (auto value = LoopAttribute(object.loop(), name); value.has_value()) {
      return *std::move(value);
    }
    return absl::InvalidArgumentError(absl::StrCat("'loop.", name, "' is not supported"));
  }
  if (object.is(Value::Kind::kNamespace)) {
    const Value* found = object.name_space()->Find(name);
    return found == nullptr ? Value() : *found;
  }
  if (const Function* method = FindMethod(object, name); method != nullptr) {
    return Value::OfMethod(object, method);
  }
  if (object.is_map()) {
    const Value* found = object.map().Find(name);
    if (found != nullptr) return *found;
  }
  return Value();
}

absl::StatusOr<Value> GetIndex(const Value& object, const Value& index, Budget* budget) {
  if (object.is_map() && index.is_string()) {
    const Value* found = object.map().Find(index.str());
    if (found != nullptr) return *found;
  }
  if ((object.is_list() || object.is_string()) && index.is_integral()) {
    return ElementAt(object, index.integer(), budget);
  }
  return index.is_string() ? GetAttribute(object, index.str()) : Value();
}

absl::StatusOr<Value> GetSlice(const Value& object, const Value& begin, const Value& end,
                               const Value& step, Budget* budget) {
  if (object.is_list()) {
    const ListData& list = object.list();
    auto length = static_cast<int64_t>(list.items.size());
    LATHE_ASSIGN_OR_RETURN(SliceRange range, ResolveSlice(begin, end, step, length));
    std::vector<Value> items = Take(list.items, range);
    LATHE_RETURN_IF_ERROR(budget->Build(items.size() * sizeof(Value)));
    return list.is_tuple ? Value::Tuple(std::move(items)) : Value::List(std::move(items));
  }
  if (object.is_string()) {
    LATHE_RETURN_IF_ERROR(budget->Build(object.str().size()));
    std::vector<absl::string_view> characters = SplitCodePoints(object.str());
    auto length = static_cast<int64_t>(characters.size());
    LATHE_ASSIGN_OR_RETURN(SliceRange range, ResolveSlice(begin, end, step, length));
    std::string out;
    for (absl::string_view character : Take(characters, range)) absl::StrAppend(&out, character);
    return Value::String(std::move(out));
  }
  return absl::InvalidArgumentError(absl::StrCat("a ", object.TypeName(), " cannot be sliced"));
}

}  // namespace lathe
