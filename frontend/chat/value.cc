#include "frontend/chat/value.h"

#include <algorithm>
#include <limits>

namespace lathe {
namespace {

// Below this a search through the entries beats hashing; messages and tool calls have fewer keys.
constexpr size_t kIndexFrom = 16;

int DepthOf(const std::vector<Value>& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth + 1;
}

std::shared_ptr<const ListData> MakeList(std::vector<Value> items, bool is_tuple) {
  int depth = DepthOf(items);
  return std::make_shared<const ListData>(ListData{std::move(items), is_tuple, depth});
}

}  // namespace

Value Value::String(std::string v) {
  return Value(std::make_shared<const std::string>(std::move(v)));
}
Value Value::List(std::vector<Value> items) { return Value(MakeList(std::move(items), false)); }
Value Value::Tuple(std::vector<Value> items) { return Value(MakeList(std::move(items), true)); }
Value Value::Map(Entries entries) {
  return Value(std::make_shared<const MapData>(std::move(entries)));
}
Value Value::OfMethod(Value self, const Function* method) {
  return Value(std::make_shared<const BoundMethod>(BoundMethod{std::move(self), method}));
}

absl::int128 Value::integer() const {
  return is(Kind::kBool) ? absl::int128(boolean() ? 1 : 0) : std::get<absl::int128>(data_);
}

double Value::number() const {
  return is(Kind::kFloat) ? std::get<double>(data_) : static_cast<double>(integer());
}

bool Value::Truthy() const {
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return integer() != 0;
    case Kind::kFloat:
      return number() != 0;
    case Kind::kString:
      return !str().empty();
    case Kind::kList:
      return !list().items.empty();
    case Kind::kMap:
      return !map().entries().empty();
    default:
      return true;
  }
}

int Value::depth() const {
  switch (kind()) {
    case Kind::kList:
      return list().depth;
    case Kind::kMap:
      return map().depth();
    case Kind::kLoop:
      return loop().items.depth() + 1;
    case Kind::kMethod:
      return method().self.depth() + 1;
    default:
      return 0;
  }
}

absl::string_view Value::TypeName() const {
  switch (kind()) {
    case Kind::kUndefined:
      return "undefined";
    case Kind::kNone:
      return "none";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return list().is_tuple ? "tuple" : "list";
    case Kind::kMap:
      return "dict";
    case Kind::kNamespace:
      return "namespace";
    case Kind::kLoop:
      return "loop";
    case Kind::kMacro:
      return "macro";
    case Kind::kFunction:
      return "function";
    case Kind::kMethod:
      return "method";
  }
  return "value";
}

MapData::MapData(Value::Entries entries) {
  entries_.reserve(entries.size());
  // The index refers to the keys, which stay in place: entries_ does not grow beyond what is
  // reserved.
  bool is_large = entries.size() >= kIndexFrom;
  for (auto& [key, value] : entries) {
    depth_ = std::max(depth_, value.depth() + 1);
    if (size_t at = IndexOf(key); at < entries_.size()) {
      entries_[at].second = std::move(value);
      continue;
    }
    entries_.emplace_back(std::move(key), std::move(value));
    if (is_large) index_.emplace(entries_.back().first, entries_.size() - 1);
  }
}

size_t MapData::IndexOf(absl::string_view key) const {
  if (!index_.empty()) {
    auto found = index_.find(key);
    return found == index_.end() ? entries_.size() : found->second;
  }
  size_t at = 0;
  while (at < entries_.size() && entries_[at].first != key) ++at;
  return at;
}

const Value* MapData::Find(absl::string_view key) const {
  size_t at = IndexOf(key);
  return at < entries_.size() ? &entries_[at].second : nullptr;
}

Value* Namespace::Find(absl::string_view key) {
  for (auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

void Namespace::Set(absl::string_view key, Value value) {
  if (Value* old = Find(key); old != nullptr) {
    *old = std::move(value);
  } else {
    entries.emplace_back(std::string(key), std::move(value));
  }
}

bool FitsInt(absl::int128 v) {
  return v >= std::numeric_limits<int64_t>::min() && v <= std::numeric_limits<uint64_t>::max();
}

}  // namespace lathe
