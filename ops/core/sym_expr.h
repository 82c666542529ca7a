// SymExpr: an integer that depends on the runtime's extents, as a sum of coefficient * product of
// symbols in canonical order.
//   SymExpr bytes = SymExpr::Symbol("tokens") * 256 + 12;
//   bytes.ToString();                 // "256*tokens + 12"
//   bytes.Evaluate({{"tokens", 3}});  // 780
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

class SymExpr {
 public:
  SymExpr() = default;        // 0
  SymExpr(int64_t constant);  // NOLINT(google-explicit-constructor): a number is an expression
  static SymExpr Symbol(absl::string_view name);
  // The inverse of ToString. InvalidArgument quotes the text and says what is wrong with it.
  static absl::StatusOr<SymExpr> Parse(absl::string_view text);

  SymExpr& operator+=(const SymExpr& other);
  friend SymExpr operator+(SymExpr a, const SymExpr& b) { return a += b; }
  friend SymExpr operator*(const SymExpr& a, const SymExpr& b);
  friend bool operator==(const SymExpr& a, const SymExpr& b) { return a.terms_ == b.terms_; }

  bool IsConstant() const;
  struct Term {
    int64_t coefficient = 0;
    std::vector<std::string> symbols;  // sorted, with repetition
  };
  // In the order of ToString.
  std::vector<Term> Terms() const;
  // The symbols that occur, sorted.
  std::vector<std::string> Symbols() const;
  // NotFound for a symbol without a value, OutOfRange when the result does not fit 64 bits.
  absl::StatusOr<int64_t> Evaluate(const std::map<std::string, int64_t>& values) const;
  // "4*rows*tokens + 4096*tokens + 12": products by falling degree, then by name; "0" for nothing.
  std::string ToString() const;

 private:
  using Product = std::vector<std::string>;  // sorted, with repetition
  struct ByDegree {
    bool operator()(const Product& a, const Product& b) const;
  };
  void AddTerm(const Product& product, int64_t coefficient);

  // No coefficient is 0. One that leaves the 64 bits sticks at the nearest limit, which Evaluate
  // reports.
  std::map<Product, int64_t, ByDegree> terms_;
};

}  // namespace lathe
