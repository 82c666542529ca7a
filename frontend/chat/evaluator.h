// Walks the syntax tree of a template and writes the text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/scope.h"
#include "frontend/chat/syntax.h"

namespace lathe {

class Evaluator {
 public:
  // All outlive the evaluator. `name` is that of the template, for messages.
  Evaluator(absl::string_view name, Runtime* runtime) : name_(name), runtime_(*runtime) {}

  // Renders `body` with the variables of `root`. Called once.
  // Errors, each as "name:line: ...": what the template raises (InvalidArgument), what does not
  // work on the values at hand (InvalidArgument, Unimplemented), limits (ResourceExhausted).
  absl::StatusOr<std::string> Run(const Body& body, Scope* root);

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // Statements: statement_evaluator.cc.
  absl::StatusOr<Flow> Execute(const Body& body, Scope* scope);
  absl::StatusOr<Flow> Execute(const Statement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const TextStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const PrintStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const IfStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const ForStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const SetStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const SetBlockStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const WithStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const FilterStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const std::unique_ptr<const MacroStatement>& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const BreakStatement& statement, Scope* scope);
  absl::StatusOr<Flow> Run(const ContinueStatement& statement, Scope* scope);
  // What the loop visits: the items that pass the filter, as a list.
  absl::StatusOr<Value> ItemsOf(const ForStatement& statement, Scope* scope);
  absl::Status Assign(const Target& target, Value value, Scope* scope);
  absl::Status Write(absl::string_view text);
  // Executes a body whose output goes to `text`.
  absl::StatusOr<Flow> Capture(const Body& body, Scope* scope, std::string* text);

  // Expressions: expression_evaluator.cc.
  absl::StatusOr<Value> Evaluate(const Expr& expr, Scope* scope);
  absl::StatusOr<Value> EvaluateOptional(const ExprPtr& expr, Scope* scope);  // null: undefined
  // As Evaluate, but undefined is an error that names the expression.
  absl::StatusOr<Value> EvaluateDefined(const Expr& expr, Scope* scope);
  absl::StatusOr<Value> Visit(const LiteralExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const NameExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const ListExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const MapExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const AttributeExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const IndexExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const SliceExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const CallExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const FilterExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const TestExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const UnaryExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const BinaryExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const ConcatExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const LogicExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const CompareExpr& e, Scope* scope);
  absl::StatusOr<Value> Visit(const ConditionalExpr& e, Scope* scope);
  absl::StatusOr<CallArguments> EvaluateArguments(const Arguments& arguments, Scope* scope);
  absl::StatusOr<Value> CallMacro(const MacroStatement& macro, CallArguments arguments);

  // Puts the place in front of an error, unless a place further inside has done so.
  absl::Status Locate(const absl::Status& status, SourcePosition at);

  const absl::string_view name_;
  Runtime& runtime_;
  Scope* root_ = nullptr;
  std::string output_;
  std::string* written_ = &output_;  // where text goes: the output, or what is captured
  bool is_located_ = false;          // the error under way carries its place
};

}  // namespace lathe
