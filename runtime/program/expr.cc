#include "runtime/program/expr.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace lathe {

uint32_t ExprTable::Intern(const artifact::Expr& expr) {
  const auto [found, is_new] =
      known_.emplace(expr.SerializeAsString(), static_cast<uint32_t>(ranges_.size()));
  if (!is_new) return found->second;
  Range range;
  range.begin = static_cast<uint32_t>(terms_.size());
  for (const artifact::Expr::Term& term : expr.terms()) {
    Term& added = terms_.emplace_back();
    added.coefficient = term.coefficient();
    added.divisor = term.divisor() == 0 ? 1 : term.divisor();
    added.first_symbol = static_cast<uint32_t>(symbols_.size());
    added.num_symbols = static_cast<uint32_t>(term.symbols_size());
    symbols_.insert(symbols_.end(), term.symbols().begin(), term.symbols().end());
  }
  range.end = static_cast<uint32_t>(terms_.size());
  ranges_.push_back(range);
  return found->second;
}

bool ExprTable::EvaluateOne(const Range& range, absl::Span<const int64_t> symbols,
                            int64_t* value) const {
  int64_t sum = 0;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    const Term& term = terms_[i];
    int64_t product = 1;
    for (uint32_t s = 0; s < term.num_symbols; ++s) {
      const int64_t factor = symbols[symbols_[term.first_symbol + s]];
      if (__builtin_mul_overflow(product, factor, &product)) return false;
    }
    if (term.divisor != 1) {
      product = product == 0 ? 0 : (product - 1) / term.divisor + 1;
    }
    if (__builtin_mul_overflow(product, term.coefficient, &product) ||
        __builtin_add_overflow(sum, product, &sum)) {
      return false;
    }
  }
  *value = sum;
  return sum >= 0;
}

absl::Status ExprTable::Evaluate(absl::Span<const int64_t> symbols,
                                 absl::Span<int64_t> values) const {
  LATHE_CHECK(values.size() == ranges_.size()) << values.size();
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (!EvaluateOne(ranges_[i], symbols, &values[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("a size of this step is negative or over 2^63 (expression ", i,
                       "): the step is too large"));
    }
  }
  return absl::OkStatus();
}

}  // namespace lathe
