#include "frontend/chat/builtins.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

struct Signature {
  std::vector<absl::string_view> names;
  size_t required = 0;
  bool takes_more = false;   // *
  bool takes_names = false;  // **
};

Signature ReadSignature(absl::string_view parameters) {
  Signature signature;
  for (absl::string_view word : absl::StrSplit(parameters, ' ', absl::SkipEmpty())) {
    if (word == "*") {
      signature.takes_more = true;
    } else if (word == "**") {
      signature.takes_names = true;
    } else {
      bool is_optional = absl::EndsWith(word, "?");
      if (is_optional) word.remove_suffix(1);
      signature.names.push_back(word);
      if (!is_optional) signature.required = signature.names.size();
    }
  }
  return signature;
}

absl::Status WrongCall(const Function& function, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat(function.name, "(", function.parameters, "): ", problem));
}

const Function* Find(absl::Span<const Function> table, absl::string_view name) {
  const auto* found =
      std::find_if(table.begin(), table.end(), [&](const Function& f) { return f.name == name; });
  return found == table.end() ? nullptr : found;
}

}  // namespace

absl::StatusOr<BoundArguments> BindArguments(const Function& function, CallArguments arguments) {
  Signature signature = ReadSignature(function.parameters);
  BoundArguments bound;
  bound.values = std::move(arguments.positional);
  size_t given = bound.values.size();
  if (given > signature.names.size() && !signature.takes_more) {
    return WrongCall(function, absl::StrCat("takes at most ", signature.names.size(),
                                            " arguments, found ", given));
  }
  std::vector<bool> is_given(signature.names.size(), false);
  std::fill_n(is_given.begin(), std::min(given, is_given.size()), true);
  bound.values.resize(std::max(given, signature.names.size()));
  for (auto& [name, value] : arguments.named) {
    auto found = std::find(signature.names.begin(), signature.names.end(), name);
    auto at = static_cast<size_t>(found - signature.names.begin());
    if (found != signature.names.end() && !is_given[at]) {
      bound.values[at] = std::move(value);
      is_given[at] = true;
    } else if (found != signature.names.end()) {
      return WrongCall(function, absl::StrCat("'", name, "' is given twice"));
    } else if (signature.takes_names) {
      bound.named.emplace_back(name, std::move(value));
    } else {
      return WrongCall(function, absl::StrCat("has no parameter '", name, "'"));
    }
  }
  for (size_t i = 0; i < signature.required; ++i) {
    if (!is_given[i]) {
      return WrongCall(function, absl::StrCat("'", signature.names[i], "' is missing"));
    }
  }
  return bound;
}

absl::StatusOr<Value> CallFunction(const Function& function, Runtime* runtime, const Value& self,
                                   CallArguments arguments) {
  LATHE_ASSIGN_OR_RETURN(BoundArguments bound, BindArguments(function, std::move(arguments)));
  return function.call(runtime, self, bound);
}

const Function* FindFilter(absl::string_view name) {
  const Function* filter = Find(TextFilters(), name);
  return filter != nullptr ? filter : Find(SequenceFilters(), name);
}

const Function* FindTest(absl::string_view name) { return Find(Tests(), name); }
const Function* FindGlobal(absl::string_view name) { return Find(Globals(), name); }

const Function* FindMethod(const Value& self, absl::string_view name) {
  switch (self.kind()) {
    case Value::Kind::kString:
      return Find(StringMethods(), name);
    case Value::Kind::kList:
      return Find(ListMethods(), name);
    case Value::Kind::kMap:
      return Find(MapMethods(), name);
    default:
      return nullptr;
  }
}

std::string NearestFilter(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (absl::Span<const Function> table : {TextFilters(), SequenceFilters()}) {
    for (const Function& filter : table) names.push_back(filter.name);
  }
  return Nearest(name, names);
}

absl::StatusOr<absl::string_view> StringArgument(const Value& v, absl::string_view what) {
  if (v.is_string()) return v.str();
  return absl::InvalidArgumentError(
      absl::StrCat("'", what, "' is of type ", v.TypeName(), ", expected str"));
}

absl::StatusOr<int64_t> IntArgument(const Value& v, absl::string_view what, int64_t otherwise) {
  if (v.is_undefined() || v.is_none()) return otherwise;
  if (v.is_integral() && v.integer() <= INT64_MAX) return static_cast<int64_t>(v.integer());
  if (v.is_integral()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", what, "' is ", IntText(v.integer()), ", expected at most ", INT64_MAX));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", what, "' is of type ", v.TypeName(), ", expected int"));
}

}  // namespace lathe
