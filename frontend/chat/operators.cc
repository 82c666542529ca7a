#include "frontend/chat/operators.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "frontend/chat/sequences.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr absl::string_view kBinaryText[] = {"+", "-", "*", "/", "//", "%", "**"};

absl::Status WrongTypes(absl::string_view op, const Value& left, const Value& right) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", op, "' does not work on ", left.TypeName(), " and ", right.TypeName()));
}

absl::StatusOr<Value> CheckedInt(absl::int128 v) {
  if (FitsInt(v)) return Value::Int(v);
  return absl::InvalidArgumentError("an integer does not fit 64 bits");
}

absl::Status DivisionByZero() { return absl::InvalidArgumentError("division by zero"); }

// Python rounds quotients down, C++ towards zero.
absl::int128 FloorDivide(absl::int128 a, absl::int128 b) {
  absl::int128 quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

absl::StatusOr<Value> IntPower(absl::int128 base, absl::int128 exponent) {
  if (exponent < 0) {
    if (base == 0) return DivisionByZero();
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  if (base == 0 || base == 1) return Value::Int(exponent == 0 ? absl::int128(1) : base);
  if (base == -1) return Value::Int(exponent % 2 == 0 ? 1 : -1);
  absl::int128 result = 1;
  // |base| >= 2 leaves 64 bits after 64 steps at most.
  for (absl::int128 i = 0; i < exponent; ++i) {
    result *= base;
    if (!FitsInt(result)) return CheckedInt(result);
  }
  return Value::Int(result);
}

absl::StatusOr<Value> IntArithmetic(BinaryOp op, absl::int128 a, absl::int128 b) {
  switch (op) {
    case BinaryOp::kAdd:
      return CheckedInt(a + b);
    case BinaryOp::kSubtract:
      return CheckedInt(a - b);
    case BinaryOp::kMultiply:
      // Two uint64 overflow 128 signed bits; a product of that size does not fit anyway.
      if (std::fabs(static_cast<double>(a) * static_cast<double>(b)) > 1e30) {
        return CheckedInt(absl::Int128Max());
      }
      return CheckedInt(a * b);
    case BinaryOp::kDivide:
      if (b == 0) return DivisionByZero();
      return Value::Float(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::kFloorDivide:
      if (b == 0) return DivisionByZero();
      return CheckedInt(FloorDivide(a, b));
    case BinaryOp::kModulo:
      if (b == 0) return DivisionByZero();
      return CheckedInt(a - FloorDivide(a, b) * b);
    case BinaryOp::kPower:
      return IntPower(a, b);
  }
  return Value();
}

absl::StatusOr<Value> FloatArithmetic(BinaryOp op, double a, double b) {
  bool divides = op == BinaryOp::kDivide || op == BinaryOp::kFloorDivide || op == BinaryOp::kModulo;
  if (divides && b == 0) return DivisionByZero();
  switch (op) {
    case BinaryOp::kAdd:
      return Value::Float(a + b);
    case BinaryOp::kSubtract:
      return Value::Float(a - b);
    case BinaryOp::kMultiply:
      return Value::Float(a * b);
    case BinaryOp::kDivide:
      return Value::Float(a / b);
    case BinaryOp::kFloorDivide:
      return Value::Float(std::floor(a / b));
    case BinaryOp::kModulo: {
      double rest = std::fmod(a, b);
      return Value::Float(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
    case BinaryOp::kPower:
      return Value::Float(std::pow(a, b));
  }
  return Value();
}

absl::StatusOr<Value> AddSequences(const Value& left, const Value& right, Budget* budget) {
  if (left.is_string() && right.is_string()) {
    LATHE_RETURN_IF_ERROR(budget->Build(left.str().size() + right.str().size()));
    return Value::String(absl::StrCat(left.str(), right.str()));
  }
  if (left.is_list() && right.is_list() && left.list().is_tuple == right.list().is_tuple) {
    std::vector<Value> items = left.list().items;
    items.insert(items.end(), right.list().items.begin(), right.list().items.end());
    LATHE_RETURN_IF_ERROR(budget->Build(items.size() * sizeof(Value)));
    return left.list().is_tuple ? Value::Tuple(std::move(items)) : Value::List(std::move(items));
  }
  return WrongTypes("+", left, right);
}

absl::StatusOr<Value> Repeat(const Value& sequence, absl::int128 times, Budget* budget) {
  size_t bytes =
      sequence.is_string() ? sequence.str().size() : sequence.list().items.size() * sizeof(Value);
  if (times <= 0 || bytes == 0) times = times <= 0 ? 0 : 1;
  // Clamped so that the product cannot overflow; the budget refuses such sizes.
  auto count = static_cast<size_t>(std::min<absl::int128>(times, int64_t{1} << 31));
  LATHE_RETURN_IF_ERROR(budget->Build(std::min(bytes, size_t{1} << 31) * count));
  if (sequence.is_string()) {
    std::string out;
    out.reserve(bytes * count);
    for (size_t i = 0; i < count; ++i) absl::StrAppend(&out, sequence.str());
    return Value::String(std::move(out));
  }
  std::vector<Value> items;
  for (size_t i = 0; i < count; ++i) {
    items.insert(items.end(), sequence.list().items.begin(), sequence.list().items.end());
  }
  return sequence.list().is_tuple ? Value::Tuple(std::move(items)) : Value::List(std::move(items));
}

bool IsSequence(const Value& v) { return v.is_string() || v.is_list(); }

absl::StatusOr<bool> EqualLists(const ListData& a, const ListData& b, Budget* budget) {
  if (a.is_tuple != b.is_tuple || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(bool same, Equal(a.items[i], b.items[i], budget));
    if (!same) return false;
  }
  return true;
}

absl::StatusOr<bool> EqualMaps(const MapData& a, const MapData& b, Budget* budget) {
  if (a.entries().size() != b.entries().size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.Find(key);
    if (other == nullptr) return false;
    LATHE_ASSIGN_OR_RETURN(bool same, Equal(value, *other, budget));
    if (!same) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<Value> ApplyBinary(BinaryOp op, const Value& left, const Value& right,
                                  Budget* budget) {
  if (left.is_integral() && right.is_integral()) {
    return IntArithmetic(op, left.integer(), right.integer());
  }
  if (left.is_number() && right.is_number()) {
    return FloatArithmetic(op, left.number(), right.number());
  }
  if (op == BinaryOp::kAdd) return AddSequences(left, right, budget);
  if (op == BinaryOp::kMultiply && IsSequence(left) && right.is_integral()) {
    return Repeat(left, right.integer(), budget);
  }
  if (op == BinaryOp::kMultiply && IsSequence(right) && left.is_integral()) {
    return Repeat(right, left.integer(), budget);
  }
  if (op == BinaryOp::kModulo && left.is_string()) {
    return absl::UnimplementedError("formatting a string with '%' is not supported; join with '~'");
  }
  return WrongTypes(kBinaryText[static_cast<size_t>(op)], left, right);
}

absl::StatusOr<Value> ApplyUnary(UnaryOp op, const Value& operand) {
  if (op == UnaryOp::kNot) return Value::Bool(!operand.Truthy());
  bool is_minus = op == UnaryOp::kMinus;
  if (operand.is(Value::Kind::kFloat)) {
    return Value::Float(is_minus ? -operand.number() : operand.number());
  }
  if (operand.is_integral()) return CheckedInt(is_minus ? -operand.integer() : operand.integer());
  return absl::InvalidArgumentError(
      absl::StrCat("'", is_minus ? "-" : "+", "' does not work on ", operand.TypeName()));
}

// Recursion of this and of Less is bounded by kMaxValueDepth.
absl::StatusOr<bool> Equal(const Value& left, const Value& right, Budget* budget) {
  LATHE_RETURN_IF_ERROR(budget->Step());
  if (left.is_integral() && right.is_integral()) return left.integer() == right.integer();
  if (left.is_number() && right.is_number()) return left.number() == right.number();
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Value::Kind::kString:
      LATHE_RETURN_IF_ERROR(budget->Scan(std::min(left.str().size(), right.str().size())));
      return left.str() == right.str();
    case Value::Kind::kList:
      return EqualLists(left.list(), right.list(), budget);
    case Value::Kind::kMap:
      return EqualMaps(left.map(), right.map(), budget);
    case Value::Kind::kNamespace:
      return left.name_space() == right.name_space();
    case Value::Kind::kLoop:
      return &left.loop() == &right.loop();
    case Value::Kind::kMacro:
      return left.macro() == right.macro();
    case Value::Kind::kFunction:
      return left.function() == right.function();
    case Value::Kind::kMethod:
      return &left.method() == &right.method();
    default:
      return true;  // undefined, none
  }
}

absl::StatusOr<bool> Less(const Value& left, const Value& right, Budget* budget) {
  LATHE_RETURN_IF_ERROR(budget->Step());
  if (left.is_integral() && right.is_integral()) return left.integer() < right.integer();
  if (left.is_number() && right.is_number()) return left.number() < right.number();
  if (left.is_string() && right.is_string()) {
    LATHE_RETURN_IF_ERROR(budget->Scan(std::min(left.str().size(), right.str().size())));
    return left.str() < right.str();  // bytes of UTF-8 sort as code points do
  }
  if (!left.is_list() || !right.is_list()) return WrongTypes("<", left, right);
  const auto& a = left.list().items;
  const auto& b = right.list().items;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    LATHE_ASSIGN_OR_RETURN(bool same, Equal(a[i], b[i], budget));
    if (!same) return Less(a[i], b[i], budget);
  }
  return a.size() < b.size();
}

absl::StatusOr<bool> ApplyCompare(CompareOp op, const Value& left, const Value& right,
                                  Budget* budget) {
  switch (op) {
    case CompareOp::kEqual:
      return Equal(left, right, budget);
    case CompareOp::kNotEqual: {
      LATHE_ASSIGN_OR_RETURN(bool same, Equal(left, right, budget));
      return !same;
    }
    case CompareOp::kLess:
      return Less(left, right, budget);
    case CompareOp::kGreater:
      return Less(right, left, budget);
    case CompareOp::kLessEqual:
    case CompareOp::kGreaterEqual: {
      // Not by negation: nan is neither less nor equal.
      bool swaps = op == CompareOp::kGreaterEqual;
      LATHE_ASSIGN_OR_RETURN(bool less, Less(swaps ? right : left, swaps ? left : right, budget));
      if (less) return true;
      return Equal(left, right, budget);
    }
    case CompareOp::kIn:
      return Contains(right, left, budget);
    case CompareOp::kNotIn: {
      LATHE_ASSIGN_OR_RETURN(bool found, Contains(right, left, budget));
      return !found;
    }
  }
  return false;
}

}  // namespace lathe
