// The syntax tree of a template: what the parser makes and the evaluator walks. Plain data, never
// changed after parsing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "frontend/chat/lexer.h"
#include "frontend/chat/value.h"

namespace lathe {

struct Function;

struct Expr;
using ExprPtr = std::unique_ptr<const Expr>;

struct Argument {
  std::string name;  // empty for a positional one
  ExprPtr value;
};
using Arguments = std::vector<Argument>;

struct LiteralExpr {
  Value value;
};
struct NameExpr {
  std::string name;
};
struct ListExpr {
  std::vector<ExprPtr> items;
  bool is_tuple;
};
struct MapExpr {
  std::vector<std::pair<ExprPtr, ExprPtr>> entries;
};
struct AttributeExpr {  // object.name
  ExprPtr object;
  std::string name;
};
struct IndexExpr {  // object[index]
  ExprPtr object;
  ExprPtr index;
};
struct SliceExpr {  // object[begin:end:step], each may be null
  ExprPtr object;
  ExprPtr begin;
  ExprPtr end;
  ExprPtr step;
};
struct CallExpr {
  ExprPtr callee;
  Arguments arguments;
};
struct FilterExpr {  // operand|filter(arguments)
  ExprPtr operand;
  const Function* filter;
  Arguments arguments;
};
struct TestExpr {  // operand is [not] test(arguments)
  ExprPtr operand;
  const Function* test;
  Arguments arguments;
  bool is_negated;
};
enum class UnaryOp { kNot, kMinus, kPlus };
struct UnaryExpr {
  UnaryOp op;
  ExprPtr operand;
};
enum class BinaryOp { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
struct BinaryExpr {
  BinaryOp op;
  ExprPtr left;
  ExprPtr right;
};
struct ConcatExpr {  // a ~ b ~ c
  std::vector<ExprPtr> operands;
};
struct LogicExpr {  // a and b and c, a or b or c: the value of the operand that decides
  bool is_and;
  std::vector<ExprPtr> operands;
};
enum class CompareOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };
struct CompareExpr {  // a < b <= c: all hold
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct ConditionalExpr {  // then if condition else otherwise; undefined without an otherwise
  ExprPtr condition;
  ExprPtr then;
  ExprPtr otherwise;
};

struct Expr {
  using Node = std::variant<LiteralExpr, NameExpr, ListExpr, MapExpr, AttributeExpr, IndexExpr,
                            SliceExpr, CallExpr, FilterExpr, TestExpr, UnaryExpr, BinaryExpr,
                            ConcatExpr, LogicExpr, CompareExpr, ConditionalExpr>;
  SourcePosition at;
  int depth;  // of the tree below; at most kMaxSyntaxDepth, so that walking it needs little stack
  Node node;
};

// 1 for a leaf, else 1 more than the deepest child.
int TreeDepth(const Expr::Node& node);

// How messages call what an expression stands for: "messages[0].content", "f(...)", "x|trim".
std::string Describe(const Expr& expr);

struct Statement;
using Body = std::vector<Statement>;

// What `set`, `for` and `with` assign to: names that share out a sequence when there are several,
// or one namespace.attribute.
struct Target {
  std::vector<std::string> names;
  std::string attribute;  // of the namespace names[0]
  bool is_tuple = false;
  SourcePosition at;
};

struct TextStatement {
  std::string text;
};
struct PrintStatement {
  ExprPtr value;
};
struct IfStatement {
  std::vector<std::pair<ExprPtr, Body>> branches;  // if, elif, ...
  Body otherwise;
};
struct ForStatement {
  Target target;
  ExprPtr items;
  ExprPtr filter;  // may be null
  Body body;
  Body otherwise;
};
struct SetStatement {
  Target target;
  ExprPtr value;
};
struct SetBlockStatement {  // {% set x %}...{% endset %}
  Target target;
  Body body;
};
struct WithStatement {  // {% with a = 1 %}...{% endwith %}, and {% generation %} without
                        // assignments
  std::vector<std::pair<Target, ExprPtr>> assignments;
  Body body;
};
struct FilterStatement {  // {% filter upper %}...{% endfilter %}
  const Function* filter;
  Arguments arguments;
  Body body;
};
struct MacroStatement {
  struct Parameter {
    std::string name;
    ExprPtr default_value;  // null: undefined
  };
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  using Node =
      std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement,
                   SetBlockStatement, WithStatement, FilterStatement,
                   std::unique_ptr<const MacroStatement>, BreakStatement, ContinueStatement>;
  SourcePosition at;
  Node node;
};

}  // namespace lathe
