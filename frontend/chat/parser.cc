// After the statements of jinja2/parser.py, with break and continue
// (jinja2.ext.LoopControlExtension) and the generation tag of
// transformers/utils/chat_template_utils.py.
#include "frontend/chat/parser.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/chat/expression_parser.h"
#include "frontend/chat/token_cursor.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr absl::string_view kUnsupportedTags[] = {
    "autoescape", "block", "call", "debug", "do", "extends", "from", "import", "include", "trans"};
constexpr absl::string_view kInnerTags[] = {"elif",   "else",         "endif",   "endfor",
                                            "endset", "endmacro",     "endwith", "endfilter",
                                            "endraw", "endgeneration"};

class Parser {
 public:
  Parser(const std::vector<Token>& tokens, absl::string_view name)
      : cursor_(tokens, name), expressions_(&cursor_) {}

  absl::StatusOr<Body> ParseAll() { return ParseBody({}, cursor_.Peek()); }

 private:
  // Statements up to "{% X" with X in `ends`, which stays; without ends, up to the end of the
  // template.
  absl::StatusOr<Body> ParseBody(std::vector<absl::string_view> ends, const Token& opening);
  // As ParseBody with one end, which is taken together with its "%}".
  absl::StatusOr<Body> ParseBodyAndEnd(absl::string_view end, const Token& opening);
  absl::Status ParseTag(Body* body);
  absl::StatusOr<Statement::Node> ParseStatement(const Token& tag);
  absl::StatusOr<Statement::Node> ParseIf(const Token& tag);
  absl::StatusOr<Statement::Node> ParseFor(const Token& tag);
  absl::StatusOr<Statement::Node> ParseSet(const Token& tag);
  absl::StatusOr<Statement::Node> ParseMacro(const Token& tag);
  absl::StatusOr<Statement::Node> ParseWith(const Token& tag);
  absl::StatusOr<Statement::Node> ParseFilter(const Token& tag);
  absl::StatusOr<Statement::Node> ParseGeneration(const Token& tag);
  absl::StatusOr<Statement::Node> ParseLoopControl(const Token& tag);
  absl::Status UnknownTag(const Token& tag) const;
  absl::StatusOr<Target> ParseTarget(bool allows_attribute);
  absl::StatusOr<std::string> ParseTargetName();
  absl::Status EndTag();

  TokenCursor cursor_;
  ExpressionParser expressions_;
  int loops_ = 0;   // `for` bodies that are open
  int scopes_ = 0;  // bodies with variables of their own that are open
};

absl::Status Parser::EndTag() {
  if (cursor_.Peek().kind != TokenKind::kBlockEnd) return cursor_.Unexpected("'%}'");
  cursor_.Next();
  return absl::OkStatus();
}

absl::StatusOr<Body> Parser::ParseBody(std::vector<absl::string_view> ends, const Token& opening) {
  Body body;
  LATHE_RETURN_IF_ERROR(cursor_.Enter());
  while (cursor_.Peek().kind != TokenKind::kEnd) {
    const Token& token = cursor_.Peek();
    if (token.kind == TokenKind::kText) {
      body.push_back({token.at, TextStatement{cursor_.Next().text}});
    } else if (token.kind == TokenKind::kPrintBegin) {
      cursor_.Next();
      LATHE_ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseWithTuple());
      if (cursor_.Peek().kind != TokenKind::kPrintEnd) return cursor_.Unexpected("'}}'");
      cursor_.Next();
      body.push_back({token.at, PrintStatement{std::move(value)}});
    } else {
      const Token& tag = cursor_.Peek(1);
      bool ends_here = std::any_of(ends.begin(), ends.end(),
                                   [&](absl::string_view end) { return tag.IsName(end); });
      if (ends_here) {
        cursor_.Leave();
        return body;
      }
      cursor_.Next();
      LATHE_RETURN_IF_ERROR(ParseTag(&body));
    }
  }
  cursor_.Leave();
  if (ends.empty()) return body;
  return cursor_.Error(opening, absl::StrCat("'", opening.text, "' has no end, expected '{% ",
                                             absl::StrJoin(ends, " %}' or '{% "), " %}'"));
}

absl::StatusOr<Body> Parser::ParseBodyAndEnd(absl::string_view end, const Token& opening) {
  LATHE_ASSIGN_OR_RETURN(Body body, ParseBody({end}, opening));
  cursor_.Next();  // {%
  cursor_.Next();  // the end's name
  LATHE_RETURN_IF_ERROR(EndTag());
  return body;
}

absl::Status Parser::ParseTag(Body* body) {
  const Token& tag = cursor_.Peek();
  LATHE_RETURN_IF_ERROR(cursor_.ExpectName("the name of a tag").status());
  LATHE_ASSIGN_OR_RETURN(Statement::Node node, ParseStatement(tag));
  body->push_back({tag.at, std::move(node)});
  return absl::OkStatus();
}

absl::StatusOr<Statement::Node> Parser::ParseStatement(const Token& tag) {
  using Method = absl::StatusOr<Statement::Node> (Parser::*)(const Token&);
  static constexpr std::pair<absl::string_view, Method> kTags[] = {
      {"if", &Parser::ParseIf},
      {"for", &Parser::ParseFor},
      {"set", &Parser::ParseSet},
      {"macro", &Parser::ParseMacro},
      {"with", &Parser::ParseWith},
      {"filter", &Parser::ParseFilter},
      {"break", &Parser::ParseLoopControl},
      {"continue", &Parser::ParseLoopControl},
      {"generation", &Parser::ParseGeneration}};
  for (const auto& [name, method] : kTags) {
    if (tag.text == name) return (this->*method)(tag);
  }
  return UnknownTag(tag);
}

absl::Status Parser::UnknownTag(const Token& tag) const {
  auto is_tag = [&](absl::string_view name) { return tag.text == name; };
  if (std::any_of(std::begin(kUnsupportedTags), std::end(kUnsupportedTags), is_tag)) {
    absl::Status error = cursor_.Error(
        tag, absl::StrCat("the tag '", tag.text, "' is not supported in chat templates"));
    return absl::UnimplementedError(error.message());
  }
  if (std::any_of(std::begin(kInnerTags), std::end(kInnerTags), is_tag)) {
    return cursor_.Error(tag, absl::StrCat("'", tag.text, "' has nothing to belong to"));
  }
  return cursor_.Error(tag, absl::StrCat("unknown tag '", tag.text, "'"));
}

absl::StatusOr<Statement::Node> Parser::ParseIf(const Token& tag) {
  IfStatement statement;
  absl::string_view inner;
  do {
    LATHE_ASSIGN_OR_RETURN(ExprPtr condition, expressions_.ParseWithTuple());
    LATHE_RETURN_IF_ERROR(EndTag());
    LATHE_ASSIGN_OR_RETURN(Body body, ParseBody({"elif", "else", "endif"}, tag));
    statement.branches.emplace_back(std::move(condition), std::move(body));
    cursor_.Next();  // {%
    inner = cursor_.Next().text;
  } while (inner == "elif");
  LATHE_RETURN_IF_ERROR(EndTag());
  if (inner == "else") {
    LATHE_ASSIGN_OR_RETURN(statement.otherwise, ParseBodyAndEnd("endif", tag));
  }
  return statement;
}

absl::StatusOr<std::string> Parser::ParseTargetName() {
  const Token& token = cursor_.Peek();
  LATHE_ASSIGN_OR_RETURN(std::string name, cursor_.ExpectName("a name to assign to"));
  for (absl::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
    if (name == constant) {
      return cursor_.Error(token, absl::StrCat("cannot assign to '", name, "'"));
    }
  }
  return name;
}

absl::StatusOr<Target> Parser::ParseTarget(bool allows_attribute) {
  Target target;
  target.at = cursor_.Peek().at;
  bool has_bracket = cursor_.Accept("(");
  while (true) {
    LATHE_ASSIGN_OR_RETURN(std::string name, ParseTargetName());
    target.names.push_back(std::move(name));
    if (!cursor_.Accept(",")) break;
    target.is_tuple = true;
    if (cursor_.Peek().kind != TokenKind::kName || cursor_.Peek().IsName("in")) break;
  }
  if (has_bracket) LATHE_RETURN_IF_ERROR(cursor_.Expect(")"));
  if (allows_attribute && !target.is_tuple && !has_bracket && cursor_.Accept(".")) {
    LATHE_ASSIGN_OR_RETURN(target.attribute, cursor_.ExpectName("an attribute's name"));
  }
  return target;
}

absl::StatusOr<Statement::Node> Parser::ParseFor(const Token& tag) {
  ForStatement statement;
  LATHE_ASSIGN_OR_RETURN(statement.target, ParseTarget(/*allows_attribute=*/false));
  if (!cursor_.AcceptName("in")) return cursor_.Unexpected("'in'");
  LATHE_ASSIGN_OR_RETURN(statement.items, expressions_.ParseWithTuple(/*with_conditional=*/false));
  if (cursor_.AcceptName("if")) {
    LATHE_ASSIGN_OR_RETURN(statement.filter, expressions_.Parse());
  }
  if (cursor_.Peek().IsName("recursive")) {
    absl::Status error = cursor_.Error(cursor_.Peek(), "recursive loops are not supported");
    return absl::UnimplementedError(error.message());
  }
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  ++loops_;
  LATHE_ASSIGN_OR_RETURN(statement.body, ParseBody({"else", "endfor"}, tag));
  --loops_;
  cursor_.Next();  // {%
  absl::string_view inner = cursor_.Next().text;
  LATHE_RETURN_IF_ERROR(EndTag());
  if (inner == "else") {
    LATHE_ASSIGN_OR_RETURN(statement.otherwise, ParseBodyAndEnd("endfor", tag));
  }
  --scopes_;
  return statement;
}

absl::StatusOr<Statement::Node> Parser::ParseSet(const Token& tag) {
  LATHE_ASSIGN_OR_RETURN(Target target, ParseTarget(/*allows_attribute=*/true));
  if (cursor_.Accept("=")) {
    LATHE_ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseWithTuple());
    LATHE_RETURN_IF_ERROR(EndTag());
    return SetStatement{std::move(target), std::move(value)};
  }
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  LATHE_ASSIGN_OR_RETURN(Body body, ParseBodyAndEnd("endset", tag));
  --scopes_;
  return SetBlockStatement{std::move(target), std::move(body)};
}

absl::StatusOr<Statement::Node> Parser::ParseMacro(const Token& tag) {
  // A macro sees the variables of the template, never those of a loop: closures could form cycles.
  if (scopes_ > 0) {
    absl::Status error = cursor_.Error(
        tag,
        "a macro inside of for, with, set, filter or macro is not supported; move it to the top");
    return absl::UnimplementedError(error.message());
  }
  auto macro = std::make_unique<MacroStatement>();
  LATHE_ASSIGN_OR_RETURN(macro->name, ParseTargetName());
  LATHE_RETURN_IF_ERROR(cursor_.Expect("("));
  while (!cursor_.Peek().Is(")")) {
    if (!macro->parameters.empty()) LATHE_RETURN_IF_ERROR(cursor_.Expect(","));
    const Token& token = cursor_.Peek();
    MacroStatement::Parameter parameter;
    LATHE_ASSIGN_OR_RETURN(parameter.name, ParseTargetName());
    if (cursor_.Accept("=")) {
      LATHE_ASSIGN_OR_RETURN(parameter.default_value, expressions_.Parse());
    } else if (!macro->parameters.empty() && macro->parameters.back().default_value != nullptr) {
      return cursor_.Error(token, "a parameter without default stands behind one with a default");
    }
    macro->parameters.push_back(std::move(parameter));
  }
  LATHE_RETURN_IF_ERROR(cursor_.Expect(")"));
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  LATHE_ASSIGN_OR_RETURN(macro->body, ParseBodyAndEnd("endmacro", tag));
  --scopes_;
  return std::unique_ptr<const MacroStatement>(std::move(macro));
}

absl::StatusOr<Statement::Node> Parser::ParseWith(const Token& tag) {
  WithStatement statement;
  while (cursor_.Peek().kind != TokenKind::kBlockEnd) {
    if (!statement.assignments.empty()) LATHE_RETURN_IF_ERROR(cursor_.Expect(","));
    Target target;
    target.at = cursor_.Peek().at;
    LATHE_ASSIGN_OR_RETURN(std::string name, ParseTargetName());
    target.names.push_back(std::move(name));
    LATHE_RETURN_IF_ERROR(cursor_.Expect("="));
    LATHE_ASSIGN_OR_RETURN(ExprPtr value, expressions_.Parse());
    statement.assignments.emplace_back(std::move(target), std::move(value));
  }
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  LATHE_ASSIGN_OR_RETURN(statement.body, ParseBodyAndEnd("endwith", tag));
  --scopes_;
  return statement;
}

// Marks what the model wrote, for training masks; the text is the same without it.
absl::StatusOr<Statement::Node> Parser::ParseGeneration(const Token& tag) {
  WithStatement statement;
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  LATHE_ASSIGN_OR_RETURN(statement.body, ParseBodyAndEnd("endgeneration", tag));
  --scopes_;
  return statement;
}

absl::StatusOr<Statement::Node> Parser::ParseFilter(const Token& tag) {
  FilterStatement statement;
  LATHE_ASSIGN_OR_RETURN(statement.filter, expressions_.ParseFilterName());
  if (cursor_.Peek().Is("(")) {
    LATHE_ASSIGN_OR_RETURN(statement.arguments, expressions_.ParseArguments());
  }
  LATHE_RETURN_IF_ERROR(EndTag());
  ++scopes_;
  LATHE_ASSIGN_OR_RETURN(statement.body, ParseBodyAndEnd("endfilter", tag));
  --scopes_;
  return statement;
}

absl::StatusOr<Statement::Node> Parser::ParseLoopControl(const Token& tag) {
  if (loops_ == 0) return cursor_.Error(tag, absl::StrCat("'", tag.text, "' outside of a for"));
  LATHE_RETURN_IF_ERROR(EndTag());
  if (tag.text == "break") return BreakStatement{};
  return ContinueStatement{};
}

}  // namespace

absl::StatusOr<Body> ParseTemplate(absl::string_view source, absl::string_view name) {
  LATHE_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source, name));
  return Parser(tokens, name).ParseAll();
}

}  // namespace lathe
