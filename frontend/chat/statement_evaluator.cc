#include "absl/strings/str_cat.h"
#include "frontend/chat/evaluator.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<std::string> Evaluator::Run(const Body& body, Scope* root) {
  root_ = root;
  LATHE_RETURN_IF_ERROR(Execute(body, root).status());
  return std::move(output_);
}

absl::StatusOr<Evaluator::Flow> Evaluator::Execute(const Body& body, Scope* scope) {
  for (const Statement& statement : body) {
    LATHE_ASSIGN_OR_RETURN(Flow flow, Execute(statement, scope));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Execute(const Statement& statement, Scope* scope) {
  LATHE_RETURN_IF_ERROR(Locate(runtime_.budget.Enter(), statement.at));
  LATHE_RETURN_IF_ERROR(Locate(runtime_.budget.Step(), statement.at));
  absl::StatusOr<Flow> flow =
      std::visit([&](const auto& s) { return Run(s, scope); }, statement.node);
  runtime_.budget.Leave();
  if (!flow.ok()) return Locate(flow.status(), statement.at);
  return flow;
}

absl::Status Evaluator::Write(absl::string_view text) {
  bool is_output = written_ == &output_;
  LATHE_RETURN_IF_ERROR(is_output ? runtime_.budget.Output(text.size())
                                  : runtime_.budget.Build(text.size()));
  absl::StrAppend(written_, text);
  return absl::OkStatus();
}

absl::StatusOr<Evaluator::Flow> Evaluator::Capture(const Body& body, Scope* scope,
                                                   std::string* text) {
  std::string* outer = written_;
  written_ = text;
  absl::StatusOr<Flow> flow = Execute(body, scope);
  written_ = outer;
  return flow;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const TextStatement& statement, Scope*) {
  LATHE_RETURN_IF_ERROR(Write(statement.text));
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const PrintStatement& statement, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*statement.value, scope));
  if (value.is_string()) {
    LATHE_RETURN_IF_ERROR(Write(value.str()));
  } else {
    LATHE_ASSIGN_OR_RETURN(std::string text, Str(value, &runtime_.budget));
    LATHE_RETURN_IF_ERROR(Write(text));
  }
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const IfStatement& statement, Scope* scope) {
  for (const auto& [condition, body] : statement.branches) {
    LATHE_ASSIGN_OR_RETURN(Value holds, Evaluate(*condition, scope));
    if (holds.Truthy()) return Execute(body, scope);
  }
  return Execute(statement.otherwise, scope);
}

absl::StatusOr<Value> Evaluator::ItemsOf(const ForStatement& statement, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value source, Evaluate(*statement.items, scope));
  LATHE_ASSIGN_OR_RETURN(Value items, Iterate(source, &runtime_.budget));
  if (statement.filter == nullptr) return items;
  std::vector<Value> kept;
  for (const Value& item : items.list().items) {
    Scope inner(scope);
    LATHE_RETURN_IF_ERROR(Assign(statement.target, item, &inner));
    LATHE_ASSIGN_OR_RETURN(Value holds, Evaluate(*statement.filter, &inner));
    if (holds.Truthy()) kept.push_back(item);
  }
  return MakeList(std::move(kept), &runtime_.budget);
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const ForStatement& statement, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value items, ItemsOf(statement, scope));
  if (items.list().items.empty()) {
    Scope inner(scope);
    return Execute(statement.otherwise, &inner);
  }
  // Shared: a template may keep `loop` in a namespace beyond the loop.
  auto loop = std::make_shared<LoopData>();
  loop->items = items;
  for (size_t i = 0; i < items.list().items.size(); ++i) {
    loop->index0 = i;
    Scope inner(scope);
    inner.Set("loop", Value::OfLoop(loop));
    LATHE_RETURN_IF_ERROR(Assign(statement.target, items.list().items[i], &inner));
    LATHE_ASSIGN_OR_RETURN(Flow flow, Execute(statement.body, &inner));
    if (flow == Flow::kBreak) break;
  }
  return Flow::kNext;
}

absl::Status Evaluator::Assign(const Target& target, Value value, Scope* scope) {
  if (!target.attribute.empty()) {
    const Value* object = scope->Find(target.names[0]);
    if (object == nullptr || !object->is(Value::Kind::kNamespace)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot set '", target.names[0], ".", target.attribute, "': '", target.names[0], "' is ",
          object == nullptr ? "undefined" : object->TypeName(), ", expected a namespace"));
    }
    object->name_space()->Set(target.attribute, std::move(value));
    return absl::OkStatus();
  }
  if (!target.is_tuple) {
    scope->Set(target.names[0], std::move(value));
    return absl::OkStatus();
  }
  LATHE_ASSIGN_OR_RETURN(Value items, Iterate(value, &runtime_.budget));
  size_t count = items.list().items.size();
  if (count != target.names.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot share out ", count, " values to ", target.names.size(), " names"));
  }
  for (size_t i = 0; i < count; ++i) scope->Set(target.names[i], items.list().items[i]);
  return absl::OkStatus();
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const SetStatement& statement, Scope* scope) {
  LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*statement.value, scope));
  LATHE_RETURN_IF_ERROR(Assign(statement.target, std::move(value), scope));
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const SetBlockStatement& statement, Scope* scope) {
  std::string text;
  Scope inner(scope);
  LATHE_ASSIGN_OR_RETURN(Flow flow, Capture(statement.body, &inner, &text));
  if (flow != Flow::kNext) return flow;
  LATHE_RETURN_IF_ERROR(Assign(statement.target, Value::String(std::move(text)), scope));
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const WithStatement& statement, Scope* scope) {
  Scope inner(scope);
  for (const auto& [target, expr] : statement.assignments) {
    LATHE_ASSIGN_OR_RETURN(Value value, Evaluate(*expr, scope));
    LATHE_RETURN_IF_ERROR(Assign(target, std::move(value), &inner));
  }
  return Execute(statement.body, &inner);
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const FilterStatement& statement, Scope* scope) {
  std::string text;
  Scope inner(scope);
  LATHE_ASSIGN_OR_RETURN(Flow flow, Capture(statement.body, &inner, &text));
  if (flow != Flow::kNext) return flow;
  LATHE_ASSIGN_OR_RETURN(CallArguments arguments, EvaluateArguments(statement.arguments, scope));
  LATHE_ASSIGN_OR_RETURN(Value value,
                         CallFunction(*statement.filter, &runtime_, Value::String(std::move(text)),
                                      std::move(arguments)));
  LATHE_ASSIGN_OR_RETURN(std::string filtered, Str(value, &runtime_.budget));
  LATHE_RETURN_IF_ERROR(Write(filtered));
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(
    const std::unique_ptr<const MacroStatement>& statement, Scope* scope) {
  scope->Set(statement->name, Value::OfMacro(statement.get()));
  return Flow::kNext;
}

absl::StatusOr<Evaluator::Flow> Evaluator::Run(const BreakStatement&, Scope*) {
  return Flow::kBreak;
}
absl::StatusOr<Evaluator::Flow> Evaluator::Run(const ContinueStatement&, Scope*) {
  return Flow::kContinue;
}

}  // namespace lathe
