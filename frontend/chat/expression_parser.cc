// After the grammar of jinja2/parser.py (Parser.parse_expression and below).
#include "frontend/chat/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/limits.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
absl::StatusOr<ExprPtr> ExpressionParser::Make(const Token& at, Expr::Node node) {
  int depth = TreeDepth(node);
  if (depth > kMaxSyntaxDepth) {
    return cursor_.Error(
        at, absl::StrCat("this expression nests deeper than ", kMaxSyntaxDepth, " levels"));
  }
  return std::make_unique<const Expr>(Expr{at.at, depth, std::move(node)});
}

absl::StatusOr<ExprPtr> ExpressionParser::Parse() {
  LATHE_RETURN_IF_ERROR(cursor_.Enter());
  auto result = Conditional();
  cursor_.Leave();
  return result;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseWithTuple(bool with_conditional) {
  const Token& at = cursor_.Peek();
  auto parse = [&] { return with_conditional ? Parse() : Logic(/*is_and=*/false); };
  LATHE_ASSIGN_OR_RETURN(ExprPtr first, parse());
  if (!cursor_.Peek().Is(",")) return first;
  ListExpr tuple{{}, /*is_tuple=*/true};
  tuple.items.push_back(std::move(first));
  while (cursor_.Accept(",")) {
    TokenKind next = cursor_.Peek().kind;
    if (next == TokenKind::kBlockEnd || next == TokenKind::kPrintEnd || cursor_.Peek().Is(")")) {
      break;
    }
    LATHE_ASSIGN_OR_RETURN(ExprPtr item, parse());
    tuple.items.push_back(std::move(item));
  }
  return Make(at, std::move(tuple));
}

absl::StatusOr<ExprPtr> ExpressionParser::Conditional() {
  const Token& at = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(ExprPtr value, Logic(/*is_and=*/false));
  while (cursor_.AcceptName("if")) {
    LATHE_ASSIGN_OR_RETURN(ExprPtr condition, Logic(/*is_and=*/false));
    ExprPtr otherwise;
    if (cursor_.AcceptName("else")) {
      LATHE_ASSIGN_OR_RETURN(otherwise, Parse());
    }
    LATHE_ASSIGN_OR_RETURN(value, Make(at, ConditionalExpr{std::move(condition), std::move(value),
                                                           std::move(otherwise)}));
  }
  return value;
}

absl::StatusOr<ExprPtr> ExpressionParser::Logic(bool is_and) {
  const Token& at = cursor_.Peek();
  absl::string_view word = is_and ? "and" : "or";
  LATHE_ASSIGN_OR_RETURN(ExprPtr first, is_and ? Not() : Logic(/*is_and=*/true));
  if (!cursor_.Peek().IsName(word)) return first;
  LogicExpr logic{is_and, {}};
  logic.operands.push_back(std::move(first));
  while (cursor_.AcceptName(word)) {
    LATHE_ASSIGN_OR_RETURN(ExprPtr operand, is_and ? Not() : Logic(/*is_and=*/true));
    logic.operands.push_back(std::move(operand));
  }
  return Make(at, std::move(logic));
}

absl::StatusOr<ExprPtr> ExpressionParser::Not() {
  const Token& at = cursor_.Peek();
  if (!cursor_.AcceptName("not")) return Compare();
  LATHE_RETURN_IF_ERROR(cursor_.Enter());
  LATHE_ASSIGN_OR_RETURN(ExprPtr operand, Not());
  cursor_.Leave();
  return Make(at, UnaryExpr{UnaryOp::kNot, std::move(operand)});
}

absl::StatusOr<ExprPtr> ExpressionParser::Compare() {
  static constexpr std::pair<absl::string_view, CompareOp> kOps[] = {
      {"==", CompareOp::kEqual},  {"!=", CompareOp::kNotEqual},
      {"<", CompareOp::kLess},    {"<=", CompareOp::kLessEqual},
      {">", CompareOp::kGreater}, {">=", CompareOp::kGreaterEqual}};
  const Token& at = cursor_.Peek();
  CompareExpr compare;
  LATHE_ASSIGN_OR_RETURN(compare.first, Sum());
  while (true) {
    std::optional<CompareOp> op;
    for (const auto& [text, candidate] : kOps) {
      if (cursor_.Accept(text)) op = candidate;
      if (op.has_value()) break;
    }
    if (!op.has_value() && cursor_.AcceptName("in")) {
      op = CompareOp::kIn;
    } else if (!op.has_value() && cursor_.Peek().IsName("not") && cursor_.Peek(1).IsName("in")) {
      cursor_.Next();
      cursor_.Next();
      op = CompareOp::kNotIn;
    }
    if (!op.has_value()) break;
    LATHE_ASSIGN_OR_RETURN(ExprPtr operand, Sum());
    compare.rest.emplace_back(*op, std::move(operand));
  }
  if (compare.rest.empty()) return std::move(compare.first);
  return Make(at, std::move(compare));
}

absl::StatusOr<ExprPtr> ExpressionParser::Sum() {
  LATHE_ASSIGN_OR_RETURN(ExprPtr left, Concat());
  while (cursor_.Peek().Is("+") || cursor_.Peek().Is("-")) {
    const Token& at = cursor_.Next();
    LATHE_ASSIGN_OR_RETURN(ExprPtr right, Concat());
    BinaryOp op = at.text == "+" ? BinaryOp::kAdd : BinaryOp::kSubtract;
    LATHE_ASSIGN_OR_RETURN(left, Make(at, BinaryExpr{op, std::move(left), std::move(right)}));
  }
  return left;
}

absl::StatusOr<ExprPtr> ExpressionParser::Concat() {
  const Token& at = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(ExprPtr first, Product());
  if (!cursor_.Peek().Is("~")) return first;
  ConcatExpr concat;
  concat.operands.push_back(std::move(first));
  while (cursor_.Accept("~")) {
    LATHE_ASSIGN_OR_RETURN(ExprPtr operand, Product());
    concat.operands.push_back(std::move(operand));
  }
  return Make(at, std::move(concat));
}

absl::StatusOr<ExprPtr> ExpressionParser::Product() {
  static constexpr std::pair<absl::string_view, BinaryOp> kOps[] = {{"*", BinaryOp::kMultiply},
                                                                    {"/", BinaryOp::kDivide},
                                                                    {"//", BinaryOp::kFloorDivide},
                                                                    {"%", BinaryOp::kModulo}};
  LATHE_ASSIGN_OR_RETURN(ExprPtr left, Power());
  while (true) {
    const auto* op = std::find_if(std::begin(kOps), std::end(kOps),
                                  [&](const auto& o) { return cursor_.Peek().Is(o.first); });
    if (op == std::end(kOps)) return left;
    const Token& at = cursor_.Next();
    LATHE_ASSIGN_OR_RETURN(ExprPtr right, Power());
    LATHE_ASSIGN_OR_RETURN(left,
                           Make(at, BinaryExpr{op->second, std::move(left), std::move(right)}));
  }
}

absl::StatusOr<ExprPtr> ExpressionParser::Power() {
  LATHE_ASSIGN_OR_RETURN(ExprPtr left, Unary(/*with_filters=*/true));
  while (cursor_.Peek().Is("**")) {
    const Token& at = cursor_.Next();
    LATHE_ASSIGN_OR_RETURN(ExprPtr right, Unary(/*with_filters=*/true));
    LATHE_ASSIGN_OR_RETURN(
        left, Make(at, BinaryExpr{BinaryOp::kPower, std::move(left), std::move(right)}));
  }
  return left;
}

absl::StatusOr<ExprPtr> ExpressionParser::Unary(bool with_filters) {
  const Token& at = cursor_.Peek();
  ExprPtr value;
  if (at.Is("-") || at.Is("+")) {
    cursor_.Next();
    LATHE_RETURN_IF_ERROR(cursor_.Enter());
    LATHE_ASSIGN_OR_RETURN(ExprPtr operand, Unary(/*with_filters=*/false));
    cursor_.Leave();
    UnaryOp op = at.text == "-" ? UnaryOp::kMinus : UnaryOp::kPlus;
    LATHE_ASSIGN_OR_RETURN(value, Make(at, UnaryExpr{op, std::move(operand)}));
  } else {
    LATHE_ASSIGN_OR_RETURN(value, Primary());
  }
  LATHE_ASSIGN_OR_RETURN(value, Postfix(std::move(value)));
  if (!with_filters) return value;
  return Filters(std::move(value));
}

absl::StatusOr<ExprPtr> ExpressionParser::Postfix(ExprPtr operand) {
  while (true) {
    if (cursor_.Peek().Is(".")) {
      LATHE_ASSIGN_OR_RETURN(operand, Attribute(std::move(operand)));
    } else if (cursor_.Peek().Is("[")) {
      LATHE_ASSIGN_OR_RETURN(operand, Subscript(std::move(operand)));
    } else if (cursor_.Peek().Is("(")) {
      LATHE_ASSIGN_OR_RETURN(operand, Call(std::move(operand)));
    } else {
      return operand;
    }
  }
}

absl::StatusOr<ExprPtr> ExpressionParser::Filters(ExprPtr operand) {
  while (true) {
    if (cursor_.Peek().Is("|")) {
      LATHE_ASSIGN_OR_RETURN(operand, Filter(std::move(operand)));
    } else if (cursor_.Peek().IsName("is")) {
      LATHE_ASSIGN_OR_RETURN(operand, Test(std::move(operand)));
    } else if (cursor_.Peek().Is("(")) {
      LATHE_ASSIGN_OR_RETURN(operand, Call(std::move(operand)));
    } else {
      return operand;
    }
  }
}

absl::StatusOr<const Function*> ExpressionParser::ParseFilterName() {
  const Token& token = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(std::string name, cursor_.ExpectName("the name of a filter"));
  const Function* filter = FindFilter(name);
  if (filter != nullptr) return filter;
  std::string near = NearestFilter(name);
  return cursor_.Error(
      token, absl::StrCat("no filter '", name, "' is known",
                          near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
}

absl::StatusOr<ExprPtr> ExpressionParser::Filter(ExprPtr operand) {
  const Token& at = cursor_.Next();  // |
  FilterExpr filter;
  filter.operand = std::move(operand);
  LATHE_ASSIGN_OR_RETURN(filter.filter, ParseFilterName());
  if (cursor_.Peek().Is("(")) {
    LATHE_ASSIGN_OR_RETURN(filter.arguments, ParseArguments());
  }
  return Make(at, std::move(filter));
}

absl::StatusOr<ExprPtr> ExpressionParser::Test(ExprPtr operand) {
  const Token& at = cursor_.Next();  // is
  TestExpr test;
  test.operand = std::move(operand);
  test.is_negated = cursor_.AcceptName("not");
  const Token& name = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(std::string text, cursor_.ExpectName("the name of a test"));
  test.test = FindTest(text);
  if (test.test == nullptr) {
    return cursor_.Error(name, absl::StrCat("no test '", text, "' is known"));
  }
  if (cursor_.Peek().Is("(")) {
    LATHE_ASSIGN_OR_RETURN(test.arguments, ParseArguments());
  } else if (!test.test->parameters.empty()) {
    // `x is divisibleby 3`: one argument may stand without brackets.
    LATHE_ASSIGN_OR_RETURN(ExprPtr argument, Primary());
    LATHE_ASSIGN_OR_RETURN(argument, Postfix(std::move(argument)));
    test.arguments.push_back({"", std::move(argument)});
  }
  return Make(at, std::move(test));
}

absl::StatusOr<ExprPtr> ExpressionParser::Attribute(ExprPtr object) {
  const Token& at = cursor_.Next();  // .
  if (cursor_.Peek().kind == TokenKind::kInt) {
    LATHE_ASSIGN_OR_RETURN(ExprPtr index, Number());
    return Make(at, IndexExpr{std::move(object), std::move(index)});
  }
  LATHE_ASSIGN_OR_RETURN(std::string name, cursor_.ExpectName("an attribute's name"));
  return Make(at, AttributeExpr{std::move(object), std::move(name)});
}

absl::StatusOr<ExprPtr> ExpressionParser::Subscript(ExprPtr object) {
  const Token& at = cursor_.Next();  // [
  ExprPtr parts[3];
  int colons = 0;
  while (!cursor_.Peek().Is("]")) {
    if (cursor_.Peek().Is(":") && colons < 2) {
      cursor_.Next();
      ++colons;
    } else if (parts[colons] == nullptr) {
      LATHE_ASSIGN_OR_RETURN(parts[colons], Parse());
    } else {
      return cursor_.Unexpected("']'");
    }
  }
  if (colons == 0 && parts[0] == nullptr) return cursor_.Unexpected("an index");
  LATHE_RETURN_IF_ERROR(cursor_.Expect("]"));
  if (colons == 0) return Make(at, IndexExpr{std::move(object), std::move(parts[0])});
  return Make(at, SliceExpr{std::move(object), std::move(parts[0]), std::move(parts[1]),
                            std::move(parts[2])});
}

absl::StatusOr<Arguments> ExpressionParser::ParseArguments() {
  Arguments arguments;
  LATHE_RETURN_IF_ERROR(cursor_.Expect("("));
  while (!cursor_.Peek().Is(")")) {
    if (!arguments.empty()) {
      LATHE_RETURN_IF_ERROR(cursor_.Expect(","));
      if (cursor_.Peek().Is(")")) break;
    }
    if (cursor_.Peek().Is("*") || cursor_.Peek().Is("**")) {
      return cursor_.Error(cursor_.Peek(), "arguments by '*' and '**' are not supported");
    }
    std::string name;
    if (cursor_.Peek().kind == TokenKind::kName && cursor_.Peek(1).Is("=")) {
      name = cursor_.Next().text;
      cursor_.Next();
    } else if (!arguments.empty() && !arguments.back().name.empty()) {
      return cursor_.Error(cursor_.Peek(), "a positional argument stands behind a named one");
    }
    LATHE_ASSIGN_OR_RETURN(ExprPtr value, Parse());
    arguments.push_back({std::move(name), std::move(value)});
  }
  LATHE_RETURN_IF_ERROR(cursor_.Expect(")"));
  return arguments;
}

absl::StatusOr<ExprPtr> ExpressionParser::Call(ExprPtr callee) {
  const Token& at = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(Arguments arguments, ParseArguments());
  return Make(at, CallExpr{std::move(callee), std::move(arguments)});
}

absl::StatusOr<ExprPtr> ExpressionParser::Primary() {
  const Token& token = cursor_.Peek();
  switch (token.kind) {
    case TokenKind::kName:
      return NameOrConstant();
    case TokenKind::kString:
      return StringLiteral();
    case TokenKind::kInt:
    case TokenKind::kFloat:
      return Number();
    default:
      break;
  }
  if (token.Is("(")) return Parentheses();
  if (token.Is("[")) return ListLiteral();
  if (token.Is("{")) return MapLiteral();
  return cursor_.Unexpected("an expression");
}

absl::StatusOr<ExprPtr> ExpressionParser::NameOrConstant() {
  const Token& token = cursor_.Next();
  if (token.text == "true" || token.text == "True") {
    return Make(token, LiteralExpr{Value::Bool(true)});
  }
  if (token.text == "false" || token.text == "False") {
    return Make(token, LiteralExpr{Value::Bool(false)});
  }
  if (token.text == "none" || token.text == "None") return Make(token, LiteralExpr{Value::None()});
  return Make(token, NameExpr{token.text});
}

absl::StatusOr<ExprPtr> ExpressionParser::Number() {
  const Token& token = cursor_.Next();
  absl::string_view digits = token.text;
  if (token.kind == TokenKind::kFloat) {
    double value = 0;
    if (!absl::SimpleAtod(digits, &value)) return cursor_.Error(token, "this is no number");
    return Make(token, LiteralExpr{Value::Float(value)});
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && !absl::ascii_isdigit(digits[1])) {
    base = digits[1] == 'x' || digits[1] == 'X' ? 16 : digits[1] == 'b' || digits[1] == 'B' ? 2 : 8;
    digits.remove_prefix(2);
  }
  uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  auto [parsed, error] = std::from_chars(digits.data(), end, value, base);
  if (error == std::errc::result_out_of_range) {
    return cursor_.Error(token, absl::StrCat("the integer ", token.text, " does not fit 64 bits"));
  }
  if (error != std::errc() || parsed != end) return cursor_.Error(token, "this is no integer");
  return Make(token, LiteralExpr{Value::Int(value)});
}

absl::StatusOr<ExprPtr> ExpressionParser::StringLiteral() {
  const Token& token = cursor_.Next();
  std::string text = token.text;
  while (cursor_.Peek().kind == TokenKind::kString) text += cursor_.Next().text;
  return Make(token, LiteralExpr{Value::String(std::move(text))});
}

absl::StatusOr<ExprPtr> ExpressionParser::Parentheses() {
  const Token& at = cursor_.Next();  // (
  if (cursor_.Accept(")")) return Make(at, ListExpr{{}, /*is_tuple=*/true});
  LATHE_ASSIGN_OR_RETURN(ExprPtr inside, ParseWithTuple());
  LATHE_RETURN_IF_ERROR(cursor_.Expect(")"));
  return inside;
}

absl::StatusOr<ExprPtr> ExpressionParser::ListLiteral() {
  const Token& at = cursor_.Next();  // [
  ListExpr list{{}, /*is_tuple=*/false};
  while (!cursor_.Peek().Is("]")) {
    if (!list.items.empty()) {
      LATHE_RETURN_IF_ERROR(cursor_.Expect(","));
      if (cursor_.Peek().Is("]")) break;
    }
    LATHE_ASSIGN_OR_RETURN(ExprPtr item, Parse());
    list.items.push_back(std::move(item));
  }
  LATHE_RETURN_IF_ERROR(cursor_.Expect("]"));
  return Make(at, std::move(list));
}

absl::StatusOr<ExprPtr> ExpressionParser::MapLiteral() {
  const Token& at = cursor_.Next();  // {
  MapExpr map;
  while (!cursor_.Peek().Is("}")) {
    if (!map.entries.empty()) {
      LATHE_RETURN_IF_ERROR(cursor_.Expect(","));
      if (cursor_.Peek().Is("}")) break;
    }
    LATHE_ASSIGN_OR_RETURN(ExprPtr key, Parse());
    LATHE_RETURN_IF_ERROR(cursor_.Expect(":"));
    LATHE_ASSIGN_OR_RETURN(ExprPtr value, Parse());
    map.entries.emplace_back(std::move(key), std::move(value));
  }
  LATHE_RETURN_IF_ERROR(cursor_.Expect("}"));
  return Make(at, std::move(map));
}

}  // namespace lathe
