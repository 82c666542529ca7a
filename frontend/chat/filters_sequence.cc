// Filters on lists and mappings, after jinja2/filters.py.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/operators.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/text.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Arguments = BoundArguments;

// item.a.b or item.0, as the argument `attribute` of several filters names it; undefined is no
// path: the item itself. Where a part is missing, `otherwise` takes its place, if there is one.
absl::StatusOr<Value> FollowPath(Value item, const Value& path, Budget* budget,
                                 const Value& otherwise = Value()) {
  if (path.is_undefined() || path.is_none()) return item;
  if (path.is_integral()) return GetIndex(item, path, budget);
  LATHE_ASSIGN_OR_RETURN(absl::string_view text, StringArgument(path, "attribute"));
  for (absl::string_view part : absl::StrSplit(text, '.')) {
    LATHE_RETURN_IF_ERROR(budget->Step());
    if (item.is_undefined()) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute '", part, "' of an undefined value"));
    }
    int64_t index = 0;
    Value key = absl::SimpleAtoi(part, &index) ? Value::Int(index) : Value::String(part);
    LATHE_ASSIGN_OR_RETURN(item, GetIndex(item, key, budget));
    if (item.is_undefined()) item = otherwise;
  }
  return item;
}

absl::StatusOr<Value> CountOf(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(int64_t length, Length(self, &runtime->budget));
  return Value::Int(length);
}

absl::StatusOr<Value> ToList(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, &runtime->budget));
  return MakeList(list.list().items, &runtime->budget);
}

absl::StatusOr<Value> First(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, &runtime->budget));
  return list.list().items.empty() ? Value() : list.list().items.front();
}

absl::StatusOr<Value> Last(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, &runtime->budget));
  return list.list().items.empty() ? Value() : list.list().items.back();
}

absl::StatusOr<Value> Items(Runtime* runtime, const Value& self, const Arguments&) {
  if (self.is_undefined()) return Value::List({});
  if (!self.is_map()) {
    return absl::InvalidArgumentError(
        absl::StrCat("items: a ", self.TypeName(), " has no pairs, expected a mapping"));
  }
  return FindMethod(self, "items")->call(runtime, self, {});
}

absl::StatusOr<Value> Join(Runtime* runtime, const Value& self, const Arguments& arguments) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  LATHE_ASSIGN_OR_RETURN(std::string separator, Str(arguments[0], budget));
  std::string out;
  for (size_t i = 0; i < list.list().items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(Value item, FollowPath(list.list().items[i], arguments[1], budget));
    LATHE_ASSIGN_OR_RETURN(std::string text, Str(item, budget));
    LATHE_RETURN_IF_ERROR(budget->Build(text.size() + separator.size()));
    absl::StrAppend(&out, i == 0 ? "" : separator, text);
  }
  return Value::String(std::move(out));
}

absl::StatusOr<Value> Reverse(Runtime* runtime, const Value& self, const Arguments&) {
  if (self.is_string()) {
    return GetSlice(self, Value(), Value(), Value::Int(-1), &runtime->budget);
  }
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, &runtime->budget));
  const std::vector<Value>& items = list.list().items;
  return MakeList(std::vector<Value>(items.rbegin(), items.rend()), &runtime->budget);
}

// What items are ordered and told apart by: an attribute, in lower case unless case matters.
absl::StatusOr<Value> SortKey(const Value& item, const Value& path, bool case_sensitive,
                              Budget* budget) {
  LATHE_ASSIGN_OR_RETURN(Value key, FollowPath(item, path, budget));
  if (case_sensitive || !key.is_string()) return key;
  LATHE_RETURN_IF_ERROR(budget->Build(key.str().size()));
  return Value::String(Lower(key.str()));
}

struct Keyed {
  Value key;
  Value item;
};

// Stable merge sort of our own: comparing may fail, which std::stable_sort cannot report.
absl::Status MergeSort(std::vector<Keyed>* items, bool is_reversed, Budget* budget) {
  std::vector<Keyed> merged(items->size());
  for (size_t width = 1; width < items->size(); width *= 2) {
    for (size_t begin = 0; begin < items->size(); begin += 2 * width) {
      size_t middle = std::min(begin + width, items->size());
      size_t end = std::min(begin + 2 * width, items->size());
      size_t left = begin;
      size_t right = middle;
      for (size_t out = begin; out < end; ++out) {
        bool takes_right = left == middle;
        if (left < middle && right < end) {
          const Value& a = (*items)[left].key;
          const Value& b = (*items)[right].key;
          LATHE_ASSIGN_OR_RETURN(takes_right,
                                 is_reversed ? Less(a, b, budget) : Less(b, a, budget));
        }
        merged[out] = std::move((*items)[takes_right ? right++ : left++]);
      }
    }
    items->swap(merged);
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> SortBy(Runtime* runtime, const Value& self, bool is_reversed,
                             bool case_sensitive, const Value& path) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  std::vector<Keyed> keyed;
  for (const Value& item : list.list().items) {
    LATHE_ASSIGN_OR_RETURN(Value key, SortKey(item, path, case_sensitive, budget));
    keyed.push_back({std::move(key), item});
  }
  LATHE_RETURN_IF_ERROR(MergeSort(&keyed, is_reversed, budget));
  std::vector<Value> sorted;
  for (Keyed& k : keyed) sorted.push_back(std::move(k.item));
  return MakeList(std::move(sorted), budget);
}

absl::StatusOr<Value> Sort(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return SortBy(runtime, self, arguments[0].Truthy(), arguments[1].Truthy(), arguments[2]);
}

absl::StatusOr<Value> SortMap(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(Value pairs, Items(runtime, self, {}));
  bool by_value = arguments[1].is_string() && arguments[1].str() == "value";
  return SortBy(runtime, pairs, arguments[2].Truthy(), arguments[0].Truthy(),
                Value::Int(by_value ? 1 : 0));
}

// Of equal items the first one stays. Each is compared with all that stay before it, at the
// budget's expense.
absl::StatusOr<Value> Unique(Runtime* runtime, const Value& self, const Arguments& arguments) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  std::vector<Value> keys;
  std::vector<Value> kept;
  for (const Value& item : list.list().items) {
    LATHE_ASSIGN_OR_RETURN(Value key, SortKey(item, arguments[1], arguments[0].Truthy(), budget));
    bool is_known = false;
    for (size_t i = 0; i < keys.size() && !is_known; ++i) {
      LATHE_ASSIGN_OR_RETURN(is_known, Equal(keys[i], key, budget));
    }
    if (is_known) continue;
    keys.push_back(std::move(key));
    kept.push_back(item);
  }
  return MakeList(std::move(kept), budget);
}

absl::StatusOr<Value> Extreme(Runtime* runtime, const Value& self, const Arguments& arguments,
                              bool is_max) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  Value best;
  Value best_key;
  for (const Value& item : list.list().items) {
    LATHE_ASSIGN_OR_RETURN(Value key, SortKey(item, arguments[1], arguments[0].Truthy(), budget));
    bool is_better = &item == &list.list().items.front();
    if (!is_better) {
      LATHE_ASSIGN_OR_RETURN(is_better,
                             is_max ? Less(best_key, key, budget) : Less(key, best_key, budget));
    }
    if (!is_better) continue;
    best = item;
    best_key = std::move(key);
  }
  return best;
}

absl::StatusOr<Value> Min(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return Extreme(runtime, self, arguments, /*is_max=*/false);
}
absl::StatusOr<Value> Max(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return Extreme(runtime, self, arguments, /*is_max=*/true);
}

absl::StatusOr<Value> Sum(Runtime* runtime, const Value& self, const Arguments& arguments) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  Value total = arguments[1].is_undefined() ? Value::Int(0) : arguments[1];
  for (const Value& item : list.list().items) {
    LATHE_ASSIGN_OR_RETURN(Value part, FollowPath(item, arguments[0], budget));
    LATHE_ASSIGN_OR_RETURN(total, ApplyBinary(BinaryOp::kAdd, total, part, budget));
  }
  return total;
}

// map(attribute="x", default=...) or map("filter", arguments of the filter).
absl::StatusOr<Value> Map(Runtime* runtime, const Value& self, const Arguments& arguments) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  const Function* filter = nullptr;
  Value path;
  Value otherwise;
  CallArguments passed;
  if (!arguments.values.empty()) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view name, StringArgument(arguments[0], "filter"));
    filter = FindFilter(name);
    if (filter == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("no filter '", name, "' is known"));
    }
    passed.positional.assign(arguments.values.begin() + 1, arguments.values.end());
    passed.named = arguments.named;
  } else {
    for (const auto& [name, value] : arguments.named) {
      if (name != "attribute" && name != "default") {
        return absl::InvalidArgumentError(absl::StrCat("map: has no parameter '", name, "'"));
      }
      (name == "default" ? otherwise : path) = value;
    }
    if (path.is_undefined()) {
      return absl::InvalidArgumentError("map: expected a filter or attribute=");
    }
  }
  std::vector<Value> mapped;
  for (const Value& item : list.list().items) {
    absl::StatusOr<Value> value = filter != nullptr ? CallFunction(*filter, runtime, item, passed)
                                                    : FollowPath(item, path, budget, otherwise);
    LATHE_RETURN_IF_ERROR(value.status());
    mapped.push_back(*std::move(value));
  }
  return MakeList(std::move(mapped), budget);
}

// The items for which the test holds (or does not); of an attribute of theirs when `by_attribute`.
absl::StatusOr<Value> Choose(Runtime* runtime, const Value& self, const Arguments& arguments,
                             bool by_attribute, bool wanted) {
  Budget* budget = &runtime->budget;
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(self, budget));
  size_t next = by_attribute ? 1 : 0;
  const Function* test = nullptr;
  CallArguments passed;
  if (arguments.values.size() > next) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view name, StringArgument(arguments[next], "test"));
    test = FindTest(name);
    if (test == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("no test '", name, "' is known"));
    }
    auto first = arguments.values.begin() + static_cast<std::ptrdiff_t>(next) + 1;
    passed.positional.assign(first, arguments.values.end());
  }
  std::vector<Value> chosen;
  for (const Value& item : list.list().items) {
    Value tested = item;
    if (by_attribute) {
      LATHE_ASSIGN_OR_RETURN(tested, FollowPath(item, arguments[0], budget));
    }
    bool holds = tested.Truthy();
    if (test != nullptr) {
      LATHE_ASSIGN_OR_RETURN(Value answer, CallFunction(*test, runtime, tested, passed));
      holds = answer.Truthy();
    }
    if (holds == wanted) chosen.push_back(item);
  }
  return MakeList(std::move(chosen), budget);
}

absl::StatusOr<Value> Select(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return Choose(runtime, self, arguments, /*by_attribute=*/false, /*wanted=*/true);
}
absl::StatusOr<Value> Reject(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return Choose(runtime, self, arguments, /*by_attribute=*/false, /*wanted=*/false);
}
absl::StatusOr<Value> SelectByAttribute(Runtime* runtime, const Value& self,
                                        const Arguments& arguments) {
  return Choose(runtime, self, arguments, /*by_attribute=*/true, /*wanted=*/true);
}
absl::StatusOr<Value> RejectByAttribute(Runtime* runtime, const Value& self,
                                        const Arguments& arguments) {
  return Choose(runtime, self, arguments, /*by_attribute=*/true, /*wanted=*/false);
}

constexpr Function kFilters[] = {
    {"count", "", CountOf},
    {"dictsort", "case_sensitive? by? reverse?", SortMap},
    {"first", "", First},
    {"items", "", Items},
    {"join", "d? attribute?", Join},
    {"last", "", Last},
    {"length", "", CountOf},
    {"list", "", ToList},
    {"map", "* **", Map},
    {"max", "case_sensitive? attribute?", Max},
    {"min", "case_sensitive? attribute?", Min},
    {"reject", "*", Reject},
    {"rejectattr", "attribute *", RejectByAttribute},
    {"reverse", "", Reverse},
    {"select", "*", Select},
    {"selectattr", "attribute *", SelectByAttribute},
    {"sort", "reverse? case_sensitive? attribute?", Sort},
    {"sum", "attribute? start?", Sum},
    {"unique", "case_sensitive? attribute?", Unique},
};

}  // namespace

absl::Span<const Function> SequenceFilters() { return kFilters; }

}  // namespace lathe
