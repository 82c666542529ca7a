#include "frontend/chat/syntax.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/value_text.h"

namespace lathe {
namespace {

int DepthOf(const ExprPtr& e) { return e == nullptr ? 0 : e->depth; }
int DepthOf(const std::vector<ExprPtr>& list) {
  int depth = 0;
  for (const ExprPtr& e : list) depth = std::max(depth, DepthOf(e));
  return depth;
}
int DepthOf(const Arguments& arguments) {
  int depth = 0;
  for (const Argument& a : arguments) depth = std::max(depth, DepthOf(a.value));
  return depth;
}

// The depth of the deepest child; 0 without children.
struct ChildDepth {
  int operator()(const LiteralExpr&) const { return 0; }
  int operator()(const NameExpr&) const { return 0; }
  int operator()(const ListExpr& e) const { return DepthOf(e.items); }
  int operator()(const MapExpr& e) const {
    int depth = 0;
    for (const auto& [key, value] : e.entries) {
      depth = std::max({depth, DepthOf(key), DepthOf(value)});
    }
    return depth;
  }
  int operator()(const AttributeExpr& e) const { return DepthOf(e.object); }
  int operator()(const IndexExpr& e) const { return std::max(DepthOf(e.object), DepthOf(e.index)); }
  int operator()(const SliceExpr& e) const {
    return std::max({DepthOf(e.object), DepthOf(e.begin), DepthOf(e.end), DepthOf(e.step)});
  }
  int operator()(const CallExpr& e) const {
    return std::max(DepthOf(e.callee), DepthOf(e.arguments));
  }
  int operator()(const FilterExpr& e) const {
    return std::max(DepthOf(e.operand), DepthOf(e.arguments));
  }
  int operator()(const TestExpr& e) const {
    return std::max(DepthOf(e.operand), DepthOf(e.arguments));
  }
  int operator()(const UnaryExpr& e) const { return DepthOf(e.operand); }
  int operator()(const BinaryExpr& e) const { return std::max(DepthOf(e.left), DepthOf(e.right)); }
  int operator()(const ConcatExpr& e) const { return DepthOf(e.operands); }
  int operator()(const LogicExpr& e) const { return DepthOf(e.operands); }
  int operator()(const CompareExpr& e) const {
    int depth = DepthOf(e.first);
    for (const auto& [op, operand] : e.rest) depth = std::max(depth, DepthOf(operand));
    return depth;
  }
  int operator()(const ConditionalExpr& e) const {
    return std::max({DepthOf(e.condition), DepthOf(e.then), DepthOf(e.otherwise)});
  }
};

std::string DescribeIndex(const Expr& index) {
  const auto* literal = std::get_if<LiteralExpr>(&index.node);
  if (literal == nullptr) return "[...]";
  if (literal->value.is_string()) return absl::StrCat("['", literal->value.str(), "']");
  if (literal->value.is(Value::Kind::kInt)) {
    return absl::StrCat("[", IntText(literal->value.integer()), "]");
  }
  return "[...]";
}

}  // namespace

int TreeDepth(const Expr::Node& node) { return std::visit(ChildDepth(), node) + 1; }

// Recursion is bounded by kMaxSyntaxDepth.
std::string Describe(const Expr& expr) {
  if (const auto* e = std::get_if<NameExpr>(&expr.node)) return e->name;
  if (const auto* e = std::get_if<AttributeExpr>(&expr.node)) {
    return absl::StrCat(Describe(*e->object), ".", e->name);
  }
  if (const auto* e = std::get_if<IndexExpr>(&expr.node)) {
    return absl::StrCat(Describe(*e->object), DescribeIndex(*e->index));
  }
  if (const auto* e = std::get_if<SliceExpr>(&expr.node)) {
    return absl::StrCat(Describe(*e->object), "[:]");
  }
  if (const auto* e = std::get_if<CallExpr>(&expr.node)) {
    return absl::StrCat(Describe(*e->callee), "(...)");
  }
  if (const auto* e = std::get_if<FilterExpr>(&expr.node)) {
    return absl::StrCat(Describe(*e->operand), "|", e->filter->name);
  }
  return "(...)";
}

}  // namespace lathe
