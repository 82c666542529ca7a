// The values of a template: what JSON can say, plus undefined, tuples, namespaces, loops and things
// that can be called. A value is small and cheap to copy; strings, lists and mappings are immutable
// and shared between the copies.
//   Value v = Value::String("a");   Value l = Value::List({v, Value::Int(1)});
//   l.list().items[0].str() == "a"
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"

namespace lathe {

class Value;
struct MacroStatement;  // frontend/chat/syntax.h
struct Function;        // frontend/chat/builtins.h

struct ListData;
class MapData;
struct LoopData;
struct BoundMethod;
struct Namespace;

class Value {
 public:
  enum class Kind {
    kUndefined,
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kList,
    kMap,
    kNamespace,
    kLoop,
    kMacro,
    kFunction,
    kMethod,
  };
  using Entries = std::vector<std::pair<std::string, Value>>;

  Value() = default;  // undefined
  static Value None() { return Value(NoneTag()); }
  static Value Bool(bool v) { return Value(v); }
  // Integers that fit neither int64 nor uint64 never become values: see FitsInt.
  static Value Int(absl::int128 v) { return Value(v); }
  static Value Float(double v) { return Value(v); }
  static Value String(std::string v);
  static Value String(absl::string_view v) { return String(std::string(v)); }
  static Value String(const char* v) { return String(std::string(v)); }
  static Value List(std::vector<Value> items);
  static Value Tuple(std::vector<Value> items);
  // A later entry replaces the value of an earlier one with the same key, which keeps its place.
  static Value Map(Entries entries);
  // The namespace belongs to the rendering, which outlives every value of it: values that owned it
  // could form cycles.
  static Value OfNamespace(Namespace* v) { return Value(v); }
  static Value OfLoop(std::shared_ptr<const LoopData> v) { return Value(std::move(v)); }
  static Value OfMacro(const MacroStatement* v) { return Value(v); }
  static Value OfFunction(const Function* v) { return Value(v); }
  static Value OfMethod(Value self, const Function* method);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind k) const { return kind() == k; }
  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_none() const { return is(Kind::kNone); }
  bool is_string() const { return is(Kind::kString); }
  bool is_list() const { return is(Kind::kList); }  // tuples too
  bool is_map() const { return is(Kind::kMap); }
  // In Python, True and False are integers.
  bool is_integral() const { return is(Kind::kInt) || is(Kind::kBool); }
  bool is_number() const { return is_integral() || is(Kind::kFloat); }
  bool is_callable() const { return kind() >= Kind::kMacro; }

  // Each of these needs the kind that it names.
  bool boolean() const { return std::get<bool>(data_); }
  absl::int128 integer() const;  // of kInt or kBool
  double number() const;         // of kInt, kBool or kFloat
  absl::string_view str() const { return *std::get<StringPtr>(data_); }
  const ListData& list() const { return *std::get<ListPtr>(data_); }
  const MapData& map() const { return *std::get<MapPtr>(data_); }
  Namespace* name_space() const { return std::get<Namespace*>(data_); }
  const LoopData& loop() const { return *std::get<LoopPtr>(data_); }
  const MacroStatement* macro() const { return std::get<const MacroStatement*>(data_); }
  const Function* function() const { return std::get<const Function*>(data_); }
  const BoundMethod& method() const { return *std::get<MethodPtr>(data_); }

  // Python's bool(): undefined, none, zero and whatever is empty are false.
  bool Truthy() const;
  // How many containers lie inside each other; 0 for what is no container.
  int depth() const;
  // "str", "int", "list": as Python's messages name types.
  absl::string_view TypeName() const;

 private:
  // Shared ownership: values are copied into scopes, lists and slices all the time, and never
  // change.
  using StringPtr = std::shared_ptr<const std::string>;
  using ListPtr = std::shared_ptr<const ListData>;
  using MapPtr = std::shared_ptr<const MapData>;
  using LoopPtr = std::shared_ptr<const LoopData>;
  using MethodPtr = std::shared_ptr<const BoundMethod>;
  struct NoneTag {};

  template <typename T>
  explicit Value(T v) : data_(std::move(v)) {}

  // In the order of Kind.
  std::variant<std::monostate, NoneTag, bool, absl::int128, double, StringPtr, ListPtr, MapPtr,
               Namespace*, LoopPtr, const MacroStatement*, const Function*, MethodPtr>
      data_;
};

struct ListData {
  std::vector<Value> items;
  bool is_tuple = false;
  int depth = 1;
};

// A mapping in the order of insertion. Keys are strings, as in JSON.
class MapData {
 public:
  explicit MapData(Value::Entries entries);
  const Value::Entries& entries() const { return entries_; }
  const Value* Find(absl::string_view key) const;
  int depth() const { return depth_; }

 private:
  size_t IndexOf(absl::string_view key) const;  // entries_.size() when there is no such key

  Value::Entries entries_;
  absl::flat_hash_map<absl::string_view, size_t> index_;  // only of mappings too large to search
  int depth_ = 1;
};

// What `namespace(...)` makes: the one value that changes.
struct Namespace {
  Value::Entries entries;
  Value* Find(absl::string_view key);
  void Set(absl::string_view key, Value value);
};

// What `loop` is inside a for.
struct LoopData {
  Value items;  // a list: all that the loop runs over, filtered
  size_t index0 = 0;
};

struct BoundMethod {
  Value self;
  const Function* method;
};

// Whether `v` fits int64 or uint64, the range that JSON readers keep exactly.
bool FitsInt(absl::int128 v);

}  // namespace lathe
