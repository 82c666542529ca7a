#include "absl/strings/str_cat.h"
#include "frontend/chat/evaluator.h"
#include "frontend/chat/operators.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status Undefined(const Expr& expr) {
  return absl::InvalidArgumentError(absl::StrCat("'", Describe(expr), "' is undefined"));
}

}  // namespace

absl::Status Evaluator::Locate(const absl::Status& status, SourcePosition at) {
  if (status.ok() || is_located_) return status;
  is_located_ = true;
  return Annotate(status, absl::StrCat(name_, ":", at.line));
}

absl::StatusOr<Value> Evaluator::Evaluate(const Expr& expr, Scope* scope) {
  LATHE_RETURN_IF_ERROR(Locate(runtime_.budget.Enter(), expr.at));
  LATHE_RETURN_IF_ERROR(Locate(runtime_.budget.Step(), expr.at));
  absl::StatusOr<Value> value =
      std::visit([&](const auto& e) { return Visit(e, scope); }, expr.node);
  runtime_.budget.Leave();
  if (!value.ok()) return Locate(value.status(), expr.at);
  if (value->depth() > kMaxValueDepth) {
    return Locate(absl::ResourceExhaustedError(
                      absl::StrCat("a value nests deeper than ", kMaxValueDepth, " levels")),
                  expr.at);
  }
  return value;
}

absl::StatusOr<Value> Evaluator::EvaluateOptional(const ExprPtr& expr, Scope* scope) {
  return expr == nullptr ? Value() : Evaluate(*expr, scope);
}

absl::StatusOr<Value> Evaluator::EvaluateDefined(const Expr& expr, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(expr, scope));
  if (value.is_undefined()) return Undefined(expr);
  return value;
}

absl::StatusOr<Value> Evaluator::Visit(const LiteralExpr& e, Scope*) { return e.value; }

absl::StatusOr<Value> Evaluator::Visit(const NameExpr& e, Scope* scope) {
  if (const Value* found = scope->Find(e.name); found != nullptr) return *found;
  if (const Function* global = FindGlobal(e.name); global != nullptr) {
    return Value::OfFunction(global);
  }
  return Value();
}

absl::StatusOr<Value> Evaluator::Visit(const ListExpr& e, Scope* scope) {
  std::vector<Value> items;
  for (const ExprPtr& item : e.items) {
    LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*item, scope));
    items.push_back(std::move(value));
  }
  LATHE_RETURN_IF_ERROR(runtime_.budget.Build(items.size() * sizeof(Value)));
  return e.is_tuple ? Value::Tuple(std::move(items)) : Value::List(std::move(items));
}

absl::StatusOr<Value> Evaluator::Visit(const MapExpr& e, Scope* scope) {
  Value::Entries entries;
  for (const auto& [key_expr, value_expr] : e.entries) {
    LATHE_ASSIGN_OR_RETURN(Value key, Evaluate(*key_expr, scope));
    if (!key.is_string()) {
      return absl::UnimplementedError(absl::StrCat("a mapping's key is of type ", key.TypeName(),
                                                   "; only strings are supported as keys"));
    }
    LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*value_expr, scope));
    LATHE_RETURN_IF_ERROR(runtime_.budget.Build(key.str().size() + sizeof(Value)));
    entries.emplace_back(std::string(key.str()), std::move(value));
  }
  return Value::Map(std::move(entries));
}

absl::StatusOr<Value> Evaluator::Visit(const AttributeExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value object, EvaluateDefined(*e.object, scope));
  return GetAttribute(object, e.name);
}

absl::StatusOr<Value> Evaluator::Visit(const IndexExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value object, EvaluateDefined(*e.object, scope));
  LATHE_ASSIGN_OR_RETURN(Value index, Evaluate(*e.index, scope));
  return GetIndex(object, index, &runtime_.budget);
}

absl::StatusOr<Value> Evaluator::Visit(const SliceExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value object, EvaluateDefined(*e.object, scope));
  LATHE_ASSIGN_OR_RETURN(Value begin, EvaluateOptional(e.begin, scope));
  LATHE_ASSIGN_OR_RETURN(Value end, EvaluateOptional(e.end, scope));
  LATHE_ASSIGN_OR_RETURN(Value step, EvaluateOptional(e.step, scope));
  return GetSlice(object, begin, end, step, &runtime_.budget);
}

absl::StatusOr<CallArguments> Evaluator::EvaluateArguments(const Arguments& arguments,
                                                           Scope* scope) {
  CallArguments evaluated;
  for (const Argument& argument : arguments) {
    LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*argument.value, scope));
    if (argument.name.empty()) {
      evaluated.positional.push_back(std::move(value));
    } else {
      evaluated.named.emplace_back(argument.name, std::move(value));
    }
  }
  return evaluated;
}

absl::StatusOr<Value> Evaluator::Visit(const CallExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value callee, Evaluate(*e.callee, scope));
  if (!callee.is_callable()) {
    return absl::InvalidArgumentError(absl::StrCat("'", Describe(*e.callee), "' is ",
                                                   callee.is_undefined() ? "" : "of type ",
                                                   callee.TypeName(), " and cannot be called"));
  }
  LATHE_ASSIGN_OR_RETURN(CallArguments arguments, EvaluateArguments(e.arguments, scope));
  if (callee.is(Value::Kind::kMacro)) return CallMacro(*callee.macro(), std::move(arguments));
  if (callee.is(Value::Kind::kFunction)) {
    return CallFunction(*callee.function(), &runtime_, Value(), std::move(arguments));
  }
  const BoundMethod& bound = callee.method();
  return CallFunction(*bound.method, &runtime_, bound.self, std::move(arguments));
}

// A macro sees its parameters and the variables of the template, not those of its caller.
absl::StatusOr<Value> Evaluator::CallMacro(const MacroStatement& macro, CallArguments arguments) {
  auto wrong = [&](absl::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat("macro '", macro.name, "' ", problem));
  };
  if (arguments.positional.size() > macro.parameters.size()) {
    return wrong(absl::StrCat("takes at most ", macro.parameters.size(), " arguments, found ",
                              arguments.positional.size()));
  }
  Scope scope(root_);
  std::vector<bool> is_given(macro.parameters.size(), false);
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    scope.Set(macro.parameters[i].name, std::move(arguments.positional[i]));
    is_given[i] = true;
  }
  for (auto& [name, value] : arguments.named) {
    size_t i = 0;
    while (i < macro.parameters.size() && macro.parameters[i].name != name) ++i;
    if (i == macro.parameters.size()) return wrong(absl::StrCat("has no parameter '", name, "'"));
    if (is_given[i]) return wrong(absl::StrCat("gets '", name, "' twice"));
    scope.Set(macro.parameters[i].name, std::move(value));
    is_given[i] = true;
  }
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    if (is_given[i]) continue;
    LATHE_ASSIGN_OR_RETURN(Value value,
                           EvaluateOptional(macro.parameters[i].default_value, &scope));
    scope.Set(macro.parameters[i].name, std::move(value));
  }
  std::string text;
  LATHE_RETURN_IF_ERROR(Capture(macro.body, &scope, &text).status());
  return Value::String(std::move(text));
}

absl::StatusOr<Value> Evaluator::Visit(const FilterExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value operand, Evaluate(*e.operand, scope));
  LATHE_ASSIGN_OR_RETURN(CallArguments arguments, EvaluateArguments(e.arguments, scope));
  return CallFunction(*e.filter, &runtime_, operand, std::move(arguments));
}

absl::StatusOr<Value> Evaluator::Visit(const TestExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value operand, Evaluate(*e.operand, scope));
  LATHE_ASSIGN_OR_RETURN(CallArguments arguments, EvaluateArguments(e.arguments, scope));
  LATHE_ASSIGN_OR_RETURN(Value holds,
                         CallFunction(*e.test, &runtime_, operand, std::move(arguments)));
  return Value::Bool(holds.Truthy() != e.is_negated);
}

absl::StatusOr<Value> Evaluator::Visit(const UnaryExpr& e, Scope* scope) {
  bool is_not = e.op == UnaryOp::kNot;
  LATHE_ASSIGN_OR_RETURN(Value operand,
                         is_not ? Evaluate(*e.operand, scope) : EvaluateDefined(*e.operand, scope));
  return ApplyUnary(e.op, operand);
}

absl::StatusOr<Value> Evaluator::Visit(const BinaryExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value left, EvaluateDefined(*e.left, scope));
  LATHE_ASSIGN_OR_RETURN(Value right, EvaluateDefined(*e.right, scope));
  return ApplyBinary(e.op, left, right, &runtime_.budget);
}

absl::StatusOr<Value> Evaluator::Visit(const ConcatExpr& e, Scope* scope) {
  std::string out;
  for (const ExprPtr& operand : e.operands) {
    LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*operand, scope));
    LATHE_ASSIGN_OR_RETURN(std::string text, Str(value, &runtime_.budget));
    absl::StrAppend(&out, text);
  }
  return Value::String(std::move(out));
}

absl::StatusOr<Value> Evaluator::Visit(const LogicExpr& e, Scope* scope) {
  Value value;
  for (const ExprPtr& operand : e.operands) {
    LATHE_ASSIGN_OR_RETURN(value, Evaluate(*operand, scope));
    if (value.Truthy() != e.is_and) break;
  }
  return value;
}

absl::StatusOr<Value> Evaluator::Visit(const CompareExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value left, Evaluate(*e.first, scope));
  const Expr* left_expr = e.first.get();
  for (const auto& [op, operand] : e.rest) {
    LATHE_ASSIGN_OR_RETURN(Value right, Evaluate(*operand, scope));
    bool is_order = op >= CompareOp::kLess && op <= CompareOp::kGreaterEqual;
    if (is_order && left.is_undefined()) return Undefined(*left_expr);
    if (is_order && right.is_undefined()) return Undefined(*operand);
    LATHE_ASSIGN_OR_RETURN(bool holds, ApplyCompare(op, left, right, &runtime_.budget));
    if (!holds) return Value::Bool(false);
    left = std::move(right);
    left_expr = operand.get();
  }
  return Value::Bool(true);
}

absl::StatusOr<Value> Evaluator::Visit(const ConditionalExpr& e, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value condition, Evaluate(*e.condition, scope));
  if (condition.Truthy()) return Evaluate(*e.then, scope);
  return EvaluateOptional(e.otherwise, scope);
}

}  // namespace lathe
