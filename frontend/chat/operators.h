// What operators do to values: arithmetic and comparison as in Python, with integers that are
// refused beyond 64 bits.
#pragma once

#include "absl/status/statusor.h"
#include "frontend/chat/limits.h"
#include "frontend/chat/syntax.h"
#include "frontend/chat/value.h"

namespace lathe {

// Errors of all of these: InvalidArgument for types that do not go together, division by zero,
// overflow; ResourceExhausted by the budget.
absl::StatusOr<Value> ApplyBinary(BinaryOp op, const Value& left, const Value& right,
                                  Budget* budget);
absl::StatusOr<Value> ApplyUnary(UnaryOp op, const Value& operand);

// ==, deep. Values of different types are unequal, except that True == 1 == 1.0; undefined equals
// undefined.
absl::StatusOr<bool> Equal(const Value& left, const Value& right, Budget* budget);
// <, of numbers, strings (by code point) and lists (by element).
absl::StatusOr<bool> Less(const Value& left, const Value& right, Budget* budget);
absl::StatusOr<bool> ApplyCompare(CompareOp op, const Value& left, const Value& right,
                                  Budget* budget);

}  // namespace lathe
