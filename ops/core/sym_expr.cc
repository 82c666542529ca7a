#include "ops/core/sym_expr.h"

#include <algorithm>
#include <limits>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lathe {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return a > 0 ? kMax : kMin;
  return sum;
}

int64_t SaturatingMul(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return (a > 0) == (b > 0) ? kMax : kMin;
  return product;
}

bool IsLimit(int64_t value) { return value == kMax || value == kMin; }

}  // namespace

bool SymExpr::ByDegree::operator()(const Product& a, const Product& b) const {
  if (a.size() != b.size()) return a.size() > b.size();
  return a < b;
}

SymExpr::SymExpr(int64_t constant) { AddTerm({}, constant); }

SymExpr SymExpr::Symbol(absl::string_view name) {
  SymExpr expr;
  expr.AddTerm({std::string(name)}, 1);
  return expr;
}

void SymExpr::AddTerm(const Product& product, int64_t coefficient) {
  if (coefficient == 0) return;
  auto [it, is_new] = terms_.try_emplace(product, coefficient);
  if (is_new) return;
  it->second = SaturatingAdd(it->second, coefficient);
  if (it->second == 0) terms_.erase(it);
}

SymExpr& SymExpr::operator+=(const SymExpr& other) {
  // A copy, since x += x would otherwise change what is being read.
  const auto terms = other.terms_;
  for (const auto& [product, coefficient] : terms) AddTerm(product, coefficient);
  return *this;
}

SymExpr operator*(const SymExpr& a, const SymExpr& b) {
  SymExpr result;
  for (const auto& [left, left_coefficient] : a.terms_) {
    for (const auto& [right, right_coefficient] : b.terms_) {
      SymExpr::Product product;
      std::merge(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(product));
      result.AddTerm(product, SaturatingMul(left_coefficient, right_coefficient));
    }
  }
  return result;
}

absl::StatusOr<SymExpr> SymExpr::Parse(absl::string_view text) {
  auto fail = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("expression \"", text, "\": ", what));
  };
  SymExpr sum;
  for (absl::string_view term : absl::StrSplit(text, '+')) {
    SymExpr product(1);
    for (absl::string_view factor : absl::StrSplit(term, '*')) {
      factor = absl::StripAsciiWhitespace(factor);
      if (factor.empty()) return fail("a number or a name is missing");
      int64_t number = 0;
      if (absl::SimpleAtoi(factor, &number)) {
        product = product * SymExpr(number);
      } else if (absl::ascii_isdigit(static_cast<unsigned char>(factor.front())) || factor.find(' ') != absl::string_view::npos) {
        return fail(absl::StrCat("\"", factor, "\" is neither a number nor a name"));
      } else {
        product = product * Symbol(factor);
      }
    }
    sum += product;
  }
  return sum;
}

std::vector<SymExpr::Term> SymExpr::Terms() const {
  std::vector<Term> terms;
  for (const auto& [product, coefficient] : terms_) terms.push_back({coefficient, product});
  return terms;
}

bool SymExpr::IsConstant() const {
  return terms_.empty() || (terms_.size() == 1 && terms_.begin()->first.empty());
}

std::vector<std::string> SymExpr::Symbols() const {
  std::set<std::string> names;
  for (const auto& term : terms_) names.insert(term.first.begin(), term.first.end());
  return {names.begin(), names.end()};
}

absl::StatusOr<int64_t> SymExpr::Evaluate(const std::map<std::string, int64_t>& values) const {
  int64_t sum = 0;
  for (const auto& [product, coefficient] : terms_) {
    int64_t term = coefficient;
    bool overflow = IsLimit(coefficient);
    for (const std::string& name : product) {
      auto it = values.find(name);
      if (it == values.end()) {
        return absl::NotFoundError(absl::StrCat("no value for '", name, "' in ", ToString()));
      }
      overflow |= __builtin_mul_overflow(term, it->second, &term);
    }
    overflow |= __builtin_add_overflow(sum, term, &sum);
    if (overflow) {
      return absl::OutOfRangeError(absl::StrCat(ToString(), " does not fit 64 bits"));
    }
  }
  return sum;
}

std::string SymExpr::ToString() const {
  if (terms_.empty()) return "0";
  std::string text;
  for (const auto& [product, coefficient] : terms_) {
    if (!text.empty()) absl::StrAppend(&text, " + ");
    std::vector<std::string> factors;
    if (coefficient != 1 || product.empty()) factors.push_back(absl::StrCat(coefficient));
    factors.insert(factors.end(), product.begin(), product.end());
    for (size_t i = 0; i < factors.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : "*", factors[i]);
    }
  }
  return text;
}

}  // namespace lathe
