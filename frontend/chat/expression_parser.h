// Tokens -> expressions, with the precedences of Jinja (not those of Python: `~` binds tighter than
// `+`, filters and tests tighter than any operator).
#pragma once

#include "absl/status/statusor.h"
#include "frontend/chat/syntax.h"
#include "frontend/chat/token_cursor.h"

namespace lathe {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenCursor* cursor) : cursor_(*cursor) {}

  absl::StatusOr<ExprPtr> Parse();  // a conditional expression
  // As Parse, or several with commas: a tuple. What `for` runs over is no conditional: its `if` is
  // a filter.
  absl::StatusOr<ExprPtr> ParseWithTuple(bool with_conditional = true);
  // (a, b=1) with the brackets.
  absl::StatusOr<Arguments> ParseArguments();
  // The filter's name at the cursor, which must be one that we know.
  absl::StatusOr<const Function*> ParseFilterName();

 private:
  absl::StatusOr<ExprPtr> Conditional();
  absl::StatusOr<ExprPtr> Logic(bool is_and);
  absl::StatusOr<ExprPtr> Not();
  absl::StatusOr<ExprPtr> Compare();
  absl::StatusOr<ExprPtr> Sum();
  absl::StatusOr<ExprPtr> Concat();
  absl::StatusOr<ExprPtr> Product();
  absl::StatusOr<ExprPtr> Power();
  absl::StatusOr<ExprPtr> Unary(bool with_filters);
  absl::StatusOr<ExprPtr> Postfix(ExprPtr operand);
  absl::StatusOr<ExprPtr> Filters(ExprPtr operand);
  absl::StatusOr<ExprPtr> Filter(ExprPtr operand);
  absl::StatusOr<ExprPtr> Test(ExprPtr operand);
  absl::StatusOr<ExprPtr> Attribute(ExprPtr object);
  absl::StatusOr<ExprPtr> Subscript(ExprPtr object);
  absl::StatusOr<ExprPtr> Call(ExprPtr callee);
  absl::StatusOr<ExprPtr> Primary();
  absl::StatusOr<ExprPtr> NameOrConstant();
  absl::StatusOr<ExprPtr> Number();
  absl::StatusOr<ExprPtr> StringLiteral();
  absl::StatusOr<ExprPtr> Parentheses();
  absl::StatusOr<ExprPtr> ListLiteral();
  absl::StatusOr<ExprPtr> MapLiteral();
  // Refuses a tree that has become too deep.
  absl::StatusOr<ExprPtr> Make(const Token& at, Expr::Node node);

  TokenCursor& cursor_;
};

}  // namespace lathe
