#include "frontend/config/config_reader.h"

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "frontend/json/json_value.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;

// Above this many unread keys the file is no configuration of ours, and the rest only fills the
// screen.
constexpr size_t kMaxListedKeys = 20;
// Doubles hold every integer up to here.
constexpr double kMaxExactInt = 9007199254740992.0;

// Plain names as they are, others quoted: file content must not break a message.
std::string Printable(absl::string_view key) {
  for (char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!plain) return Quoted(key);
  }
  return key.empty() ? "\"\"" : std::string(key);
}

std::string JoinPath(absl::string_view path, absl::string_view key) {
  return path.empty() ? Printable(key) : absl::StrCat(path, ".", Printable(key));
}

// Removes the member at `path` from the tree, if it is there.
void Erase(JsonValue& root, absl::string_view path) {
  JsonValue* object = &root;
  std::vector<std::string> keys = absl::StrSplit(path, '.');
  for (size_t i = 0; i < keys.size(); ++i) {
    auto& members = object->members;
    size_t at = 0;
    while (at < members.size() && members[at].name != keys[i]) ++at;
    if (at == members.size()) return;
    if (i + 1 == keys.size()) {
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      object = &members[at].value;
    }
  }
}

std::string RangeText(IntRange range) {
  const IntRange any;
  if (range.max == any.max && range.min == any.min) return "an integer";
  if (range.max == any.max) return absl::StrCat("an integer of at least ", range.min);
  return absl::StrCat("an integer from ", range.min, " to ", range.max);
}

std::string RangeText(FloatRange range) {
  const FloatRange any;
  if (range.max == any.max && range.min == any.min) return "a number";
  if (range.max == any.max) {
    return range.min == kPositive.min ? "a number above 0"
                                      : absl::StrCat("a number of at least ", range.min);
  }
  return absl::StrCat("a number from ", range.min, " to ", range.max);
}

}  // namespace

// What all readers of one file share.
struct ConfigReader::Document {
  struct Problem {
    std::string text;
    bool is_unsupported;
  };

  JsonValue root;
  std::string origin;
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
  // Per object that some reader has opened, the keys that were asked for or ignored.
  std::map<const JsonValue*, std::set<std::string>> known;

  void Add(absl::string_view path, absl::string_view what, bool is_unsupported = false) {
    problems.push_back({absl::StrCat(path, ": ", what), is_unsupported});
  }
  // The paths of keys that nobody asked for, each with its message. Depth is bounded by ParseJson.
  void CollectUnread(const JsonValue& object, const std::string& path,
                     std::vector<std::string>& unread) const;
};

void ConfigReader::Document::CollectUnread(const JsonValue& object, const std::string& path,
                                           std::vector<std::string>& unread) const {
  const std::set<std::string>& names = known.at(&object);
  for (const JsonMember& member : object.members) {
    const std::string member_path = JoinPath(path, member.name);
    if (names.count(member.name) != 0) {
      if (known.count(&member.value) != 0) CollectUnread(member.value, member_path, unread);
      continue;
    }
    if (unread.size() > kMaxListedKeys) return;
    const std::string nearest = Nearest(member.name, names);
    unread.push_back(absl::StrCat(
        member_path, ": this key is not known and may change the result",
        nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"), " (found ",
        Describe(member.value), "; to go on without it: --ignore-config-key=", member_path, ")"));
  }
}

ConfigReader::ConfigReader(Document* document, const JsonValue* object, std::string path)
    : document_(document), object_(object), path_(std::move(path)) {
  if (object_ != nullptr) document_->known[object_];
}

ConfigReader::ConfigReader(ConfigReader&&) noexcept = default;
ConfigReader& ConfigReader::operator=(ConfigReader&&) noexcept = default;
ConfigReader::~ConfigReader() = default;

absl::StatusOr<ConfigReader> ConfigReader::Parse(absl::string_view text, absl::string_view origin,
                                                 absl::Span<const std::string> ignored_keys) {
  auto document = std::make_unique<Document>();
  LATHE_ASSIGN_OR_RETURN(document->root, ParseJson(text, origin));
  document->origin = std::string(origin);
  if (!document->root.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": found ", Describe(document->root), ", expected a JSON object"));
  }
  for (const std::string& key : ignored_keys) Erase(document->root, key);
  ConfigReader reader(document.get(), &document->root, "");
  reader.owned_ = std::move(document);
  return reader;
}

absl::StatusOr<ConfigReader> ConfigReader::Open(const std::string& path,
                                                absl::Span<const std::string> ignored_keys) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxJsonBytes));
  return Parse(text, path, ignored_keys);
}

std::string ConfigReader::Path(absl::string_view key) const { return JoinPath(path_, key); }
const std::string& ConfigReader::origin() const { return document_->origin; }
bool ConfigReader::ok() const { return document_->problems.empty(); }
const std::vector<std::string>& ConfigReader::warnings() const { return document_->warnings; }

bool ConfigReader::Has(absl::string_view key) const {
  const JsonValue* value = object_ == nullptr ? nullptr : object_->Find(key);
  return value != nullptr && !value->is_null();
}

bool ConfigReader::HasObject(absl::string_view key) const {
  return Has(key) && object_->Find(key)->is_object();
}

bool ConfigReader::HasList(absl::string_view key) const {
  return Has(key) && object_->Find(key)->kind == Kind::kList;
}

std::vector<std::string> ConfigReader::Keys() const {
  std::vector<std::string> keys;
  if (object_ == nullptr) return keys;
  for (const JsonMember& member : object_->members) keys.push_back(member.name);
  return keys;
}

const JsonValue* ConfigReader::Read(absl::string_view key) {
  if (object_ == nullptr) return nullptr;
  document_->known[object_].insert(std::string(key));
  return Has(key) ? object_->Find(key) : nullptr;
}

void ConfigReader::Missing(absl::string_view key, absl::string_view expected) {
  // A value that is there but wrong has been reported already.
  if (object_ == nullptr || Has(key)) return;
  const JsonValue* value = object_->Find(key);
  document_->Add(Path(key), absl::StrCat(value == nullptr ? "is missing" : "is null", "; expected ",
                                         expected));
}

void ConfigReader::WrongType(absl::string_view path, const JsonValue& found,
                             absl::string_view expected) {
  document_->Add(path, absl::StrCat("found ", Describe(found), ", expected ", expected));
}

std::optional<int64_t> ConfigReader::ToInt(absl::string_view path, const JsonValue& value,
                                           IntRange range) {
  std::optional<int64_t> result;
  if (value.kind == Kind::kInt) result = value.integer;
  if (value.kind == Kind::kFloat && std::trunc(value.number) == value.number &&
      std::fabs(value.number) <= kMaxExactInt) {
    result = static_cast<int64_t>(value.number);
  }
  if (!result || *result < range.min || *result > range.max) {
    WrongType(path, value, RangeText(range));
    return std::nullopt;
  }
  return result;
}

std::optional<double> ConfigReader::ToFloat(absl::string_view path, const JsonValue& value,
                                            FloatRange range) {
  const bool is_number = value.kind == Kind::kInt || value.kind == Kind::kFloat;
  if (!is_number || !(value.number >= range.min && value.number <= range.max)) {
    WrongType(path, value, RangeText(range));
    return std::nullopt;
  }
  return value.number;
}

template <typename T, typename Convert>
std::optional<std::vector<T>> ConfigReader::ToList(absl::string_view key, const JsonValue& value,
                                                   absl::string_view expected, Convert convert) {
  if (value.kind != Kind::kList) {
    WrongType(Path(key), value, expected);
    return std::nullopt;
  }
  std::vector<T> list;
  for (size_t i = 0; i < value.items.size(); ++i) {
    std::optional<T> item = convert(absl::StrCat(Path(key), "[", i, "]"), value.items[i]);
    if (!item) return std::nullopt;
    list.push_back(*std::move(item));
  }
  return list;
}

std::optional<int64_t> ConfigReader::OptionalInt(absl::string_view key, IntRange range) {
  const JsonValue* value = Read(key);
  return value == nullptr ? std::nullopt : ToInt(Path(key), *value, range);
}

std::optional<double> ConfigReader::OptionalFloat(absl::string_view key, FloatRange range) {
  const JsonValue* value = Read(key);
  return value == nullptr ? std::nullopt : ToFloat(Path(key), *value, range);
}

std::optional<bool> ConfigReader::OptionalBool(absl::string_view key) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Kind::kBool) return value->boolean;
  WrongType(Path(key), *value, "true or false");
  return std::nullopt;
}

std::optional<std::string> ConfigReader::OptionalString(absl::string_view key) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Kind::kString) return value->text;
  WrongType(Path(key), *value, "a string");
  return std::nullopt;
}

std::optional<std::vector<int64_t>> ConfigReader::OptionalIntList(absl::string_view key,
                                                                  IntRange range) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  return ToList<int64_t>(
      key, *value, "a list of integers",
      [&](const std::string& path, const JsonValue& item) { return ToInt(path, item, range); });
}

std::optional<std::vector<int64_t>> ConfigReader::OptionalIntOrIntList(absl::string_view key,
                                                                       IntRange range) {
  const JsonValue* value = Read(key);
  if (value == nullptr || value->kind == Kind::kList) return OptionalIntList(key, range);
  std::optional<int64_t> single = ToInt(Path(key), *value, range);
  if (!single) return std::nullopt;
  return std::vector<int64_t>{*single};
}

std::optional<std::vector<double>> ConfigReader::OptionalFloatList(absl::string_view key,
                                                                   FloatRange range) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  return ToList<double>(
      key, *value, "a list of numbers",
      [&](const std::string& path, const JsonValue& item) { return ToFloat(path, item, range); });
}

std::optional<std::vector<std::string>> ConfigReader::OptionalStringList(absl::string_view key) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  return ToList<std::string>(
      key, *value, "a list of strings",
      [&](const std::string& path, const JsonValue& item) -> std::optional<std::string> {
        if (item.kind == Kind::kString) return item.text;
        WrongType(path, item, "a string");
        return std::nullopt;
      });
}

std::optional<ConfigReader> ConfigReader::OptionalObject(absl::string_view key) {
  const JsonValue* value = Read(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    WrongType(Path(key), *value, "an object");
    value = nullptr;
  }
  return ConfigReader(document_, value, Path(key));
}

int64_t ConfigReader::Int(absl::string_view key, IntRange range) {
  std::optional<int64_t> value = OptionalInt(key, range);
  if (!value) Missing(key, RangeText(range));
  return value.value_or(std::max<int64_t>(range.min, 0));
}

double ConfigReader::Float(absl::string_view key, FloatRange range) {
  std::optional<double> value = OptionalFloat(key, range);
  if (!value) Missing(key, RangeText(range));
  return value.value_or(std::max(range.min, 0.0));
}

bool ConfigReader::Bool(absl::string_view key) {
  std::optional<bool> value = OptionalBool(key);
  if (!value) Missing(key, "true or false");
  return value.value_or(false);
}

std::string ConfigReader::String(absl::string_view key) {
  std::optional<std::string> value = OptionalString(key);
  if (!value) Missing(key, "a string");
  return std::move(value).value_or("");
}

std::vector<int64_t> ConfigReader::IntList(absl::string_view key, IntRange range) {
  std::optional<std::vector<int64_t>> value = OptionalIntList(key, range);
  if (!value) Missing(key, "a list of integers");
  return std::move(value).value_or(std::vector<int64_t>{});
}

std::vector<double> ConfigReader::FloatList(absl::string_view key, FloatRange range) {
  std::optional<std::vector<double>> value = OptionalFloatList(key, range);
  if (!value) Missing(key, "a list of numbers");
  return std::move(value).value_or(std::vector<double>{});
}

std::vector<std::string> ConfigReader::StringList(absl::string_view key) {
  std::optional<std::vector<std::string>> value = OptionalStringList(key);
  if (!value) Missing(key, "a list of strings");
  return std::move(value).value_or(std::vector<std::string>{});
}

ConfigReader ConfigReader::Object(absl::string_view key) {
  if (!Has(key)) Missing(key, "an object");
  return ObjectOrEmpty(key);
}

ConfigReader ConfigReader::ObjectOrEmpty(absl::string_view key) {
  std::optional<ConfigReader> value = OptionalObject(key);
  return value ? *std::move(value) : ConfigReader(document_, nullptr, Path(key));
}

int64_t ConfigReader::IntOr(absl::string_view key, int64_t fallback, IntRange range) {
  return OptionalInt(key, range).value_or(fallback);
}

double ConfigReader::FloatOr(absl::string_view key, double fallback, FloatRange range) {
  return OptionalFloat(key, range).value_or(fallback);
}

bool ConfigReader::BoolOr(absl::string_view key, bool fallback) {
  return OptionalBool(key).value_or(fallback);
}

std::string ConfigReader::StringOr(absl::string_view key, absl::string_view fallback) {
  return OptionalString(key).value_or(std::string(fallback));
}

std::string ConfigReader::StringOneOf(absl::string_view key,
                                      absl::Span<const absl::string_view> supported,
                                      absl::string_view fallback) {
  std::optional<std::string> value = OptionalString(key);
  if (!value) return std::string(fallback);
  for (absl::string_view candidate : supported) {
    if (*value == candidate) return *value;
  }
  FailUnsupported(key, absl::StrCat(Quoted(*value), " is not supported; supported: ",
                                    absl::StrJoin(supported, ", ")));
  return std::string(fallback);
}

void ConfigReader::Ignore(std::initializer_list<absl::string_view> keys) {
  Ignore(absl::MakeConstSpan(keys.begin(), keys.size()));
}

void ConfigReader::Ignore(absl::Span<const absl::string_view> keys) {
  if (object_ == nullptr) return;
  for (absl::string_view key : keys) document_->known[object_].insert(std::string(key));
}

void ConfigReader::IgnoreAll() {
  for (const std::string& key : Keys()) document_->known[object_].insert(key);
}

void ConfigReader::Fail(absl::string_view key, absl::string_view what) {
  document_->Add(Path(key), what);
}

void ConfigReader::FailUnsupported(absl::string_view key, absl::string_view what) {
  document_->Add(Path(key), what, /*is_unsupported=*/true);
}

void ConfigReader::Warn(absl::string_view key, absl::string_view what) {
  document_->warnings.push_back(absl::StrCat(document_->origin, ": ", Path(key), ": ", what));
}

absl::Status ConfigReader::Finish() const {
  std::vector<std::string> lines;
  bool all_unsupported = true;
  for (const Document::Problem& problem : document_->problems) {
    lines.push_back(problem.text);
    all_unsupported = all_unsupported && problem.is_unsupported;
  }
  std::vector<std::string> unread;
  document_->CollectUnread(document_->root, "", unread);
  all_unsupported = all_unsupported && unread.empty();
  if (unread.size() > kMaxListedKeys) {
    unread.resize(kMaxListedKeys);
    unread.emplace_back("and more keys that are not known");
  }
  lines.insert(lines.end(), unread.begin(), unread.end());
  if (lines.empty()) return absl::OkStatus();
  const auto code =
      all_unsupported ? absl::StatusCode::kUnimplemented : absl::StatusCode::kInvalidArgument;
  if (lines.size() == 1) return {code, absl::StrCat(document_->origin, ": ", lines[0])};
  return {code, absl::StrCat(document_->origin, ": ", lines.size(), " problems:\n  ",
                             absl::StrJoin(lines, "\n  "))};
}

}  // namespace lathe
