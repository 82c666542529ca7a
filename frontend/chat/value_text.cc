#include "frontend/chat/value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "frontend/chat/text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status NoText(const Value& v) {
  return absl::InvalidArgumentError(absl::StrCat("a ", v.TypeName(), " cannot be printed"));
}

// Python prefers single quotes, and double ones for a string that holds single ones only.
void AppendQuoted(absl::string_view s, std::string* out) {
  char quote = absl::StrContains(s, '\'') && !absl::StrContains(s, '"') ? '"' : '\'';
  out->push_back(quote);
  while (!s.empty()) {
    CodePoint c = FirstCodePoint(s);
    absl::string_view bytes = s.substr(0, c.size);
    s.remove_prefix(c.size);
    if (c.value == static_cast<char32_t>(quote) || c.value == '\\') {
      absl::StrAppend(out, "\\", bytes);
    } else if (c.value == '\n') {
      out->append("\\n");
    } else if (c.value == '\r') {
      out->append("\\r");
    } else if (c.value == '\t') {
      out->append("\\t");
    } else if (IsPrintable(c.value)) {
      out->append(bytes.data(), bytes.size());
    } else if (c.value < 0x100) {
      absl::StrAppendFormat(out, "\\x%02x", c.value);
    } else if (c.value < 0x10000) {
      absl::StrAppendFormat(out, "\\u%04x", c.value);
    } else {
      absl::StrAppendFormat(out, "\\U%08x", c.value);
    }
  }
  out->push_back(quote);
}

absl::Status AppendRepr(const Value& v, Budget* budget, std::string* out);

absl::Status AppendListRepr(const ListData& list, Budget* budget, std::string* out) {
  out->push_back(list.is_tuple ? '(' : '[');
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out->append(", ");
    LATHE_RETURN_IF_ERROR(AppendRepr(list.items[i], budget, out));
  }
  if (list.is_tuple && list.items.size() == 1) out->push_back(',');
  out->push_back(list.is_tuple ? ')' : ']');
  return absl::OkStatus();
}

absl::Status AppendMapRepr(const MapData& map, Budget* budget, std::string* out) {
  out->push_back('{');
  for (size_t i = 0; i < map.entries().size(); ++i) {
    const auto& [key, value] = map.entries()[i];
    if (i > 0) out->append(", ");
    LATHE_RETURN_IF_ERROR(budget->Build(key.size()));
    AppendQuoted(key, out);
    out->append(": ");
    LATHE_RETURN_IF_ERROR(AppendRepr(value, budget, out));
  }
  out->push_back('}');
  return absl::OkStatus();
}

// Recursion is bounded by kMaxValueDepth.
absl::Status AppendRepr(const Value& v, Budget* budget, std::string* out) {
  LATHE_RETURN_IF_ERROR(budget->Step());
  switch (v.kind()) {
    case Value::Kind::kUndefined:
      out->append("Undefined");
      return absl::OkStatus();
    case Value::Kind::kString:
      LATHE_RETURN_IF_ERROR(budget->Build(v.str().size()));
      AppendQuoted(v.str(), out);
      return absl::OkStatus();
    case Value::Kind::kList:
      return AppendListRepr(v.list(), budget, out);
    case Value::Kind::kMap:
      return AppendMapRepr(v.map(), budget, out);
    case Value::Kind::kNone:
      out->append("None");
      return absl::OkStatus();
    case Value::Kind::kBool:
      out->append(v.boolean() ? "True" : "False");
      return absl::OkStatus();
    case Value::Kind::kInt:
      out->append(IntText(v.integer()));
      return absl::OkStatus();
    case Value::Kind::kFloat:
      out->append(FloatText(v.number()));
      return absl::OkStatus();
    default:
      return NoText(v);
  }
}

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget* budget) : style_(style), budget_(budget) {}

  // Recursion is bounded by kMaxValueDepth.
  absl::Status Write(const Value& v, size_t level) {
    LATHE_RETURN_IF_ERROR(budget_->Step());
    switch (v.kind()) {
      case Value::Kind::kNone:
        out_.append("null");
        return absl::OkStatus();
      case Value::Kind::kBool:
        out_.append(v.boolean() ? "true" : "false");
        return absl::OkStatus();
      case Value::Kind::kInt:
        out_.append(IntText(v.integer()));
        return absl::OkStatus();
      case Value::Kind::kFloat:
        WriteFloat(v.number());
        return absl::OkStatus();
      case Value::Kind::kString:
        return WriteString(v.str());
      case Value::Kind::kList:
        return WriteList(v.list(), level);
      case Value::Kind::kMap:
        return WriteMap(v.map(), level);
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("a value of type ", v.TypeName(), " cannot be written as JSON"));
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void WriteFloat(double v) {
    if (std::isfinite(v)) {
      out_.append(FloatText(v));
    } else {
      out_.append(std::isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
    }
  }

  absl::Status WriteString(absl::string_view s) {
    LATHE_RETURN_IF_ERROR(budget_->Build(s.size()));
    out_.push_back('"');
    while (!s.empty()) {
      CodePoint c = FirstCodePoint(s);
      WriteCodePoint(c.value, s.substr(0, c.size));
      s.remove_prefix(c.size);
    }
    out_.push_back('"');
    return absl::OkStatus();
  }

  void WriteCodePoint(char32_t c, absl::string_view bytes) {
    constexpr absl::string_view kEscaped = "\"\\\n\r\t\f\b";
    constexpr absl::string_view kLetters = "\"\\nrtfb";
    size_t escape = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : absl::string_view::npos;
    if (escape != absl::string_view::npos) {
      out_.push_back('\\');
      out_.push_back(kLetters[escape]);
    } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F && c < 0x10000)) {
      absl::StrAppendFormat(&out_, "\\u%04x", c);
    } else if (style_.ensure_ascii && c >= 0x10000) {
      char32_t rest = c - 0x10000;
      absl::StrAppendFormat(&out_, "\\u%04x\\u%04x", 0xD800 + (rest >> 10),
                            0xDC00 + (rest & 0x3FF));
    } else {
      out_.append(bytes.data(), bytes.size());
    }
  }

  absl::Status WriteList(const ListData& list, size_t level) {
    if (list.items.empty()) {
      out_.append("[]");
      return absl::OkStatus();
    }
    out_.push_back('[');
    for (size_t i = 0; i < list.items.size(); ++i) {
      LATHE_RETURN_IF_ERROR(BeginItem(i == 0, level + 1));
      LATHE_RETURN_IF_ERROR(Write(list.items[i], level + 1));
    }
    LATHE_RETURN_IF_ERROR(BreakLine(level));
    out_.push_back(']');
    return absl::OkStatus();
  }

  absl::Status WriteMap(const MapData& map, size_t level) {
    if (map.entries().empty()) {
      out_.append("{}");
      return absl::OkStatus();
    }
    std::vector<const Value::Entries::value_type*> entries;
    for (const auto& entry : map.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::sort(entries.begin(), entries.end(),
                [](const auto* a, const auto* b) { return a->first < b->first; });
    }
    out_.push_back('{');
    for (size_t i = 0; i < entries.size(); ++i) {
      LATHE_RETURN_IF_ERROR(BeginItem(i == 0, level + 1));
      LATHE_RETURN_IF_ERROR(WriteString(entries[i]->first));
      out_.append(style_.key_separator);
      LATHE_RETURN_IF_ERROR(Write(entries[i]->second, level + 1));
    }
    LATHE_RETURN_IF_ERROR(BreakLine(level));
    out_.push_back('}');
    return absl::OkStatus();
  }

  absl::Status BeginItem(bool is_first, size_t level) {
    LATHE_RETURN_IF_ERROR(
        budget_->Build(style_.item_separator.size() + style_.key_separator.size()));
    if (!is_first) out_.append(style_.item_separator);
    return BreakLine(level);
  }

  absl::Status BreakLine(size_t level) {
    if (!style_.indent.has_value()) return absl::OkStatus();
    LATHE_RETURN_IF_ERROR(budget_->Build(1 + level * style_.indent->size()));
    out_.push_back('\n');
    for (size_t i = 0; i < level; ++i) out_.append(*style_.indent);
    return absl::OkStatus();
  }

  const JsonStyle& style_;
  Budget* budget_;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> Str(const Value& v, Budget* budget) {
  if (v.is_undefined()) return std::string();
  if (v.is_string()) {
    LATHE_RETURN_IF_ERROR(budget->Build(v.str().size()));
    return std::string(v.str());
  }
  return Repr(v, budget);
}

absl::StatusOr<std::string> Repr(const Value& v, Budget* budget) {
  std::string out;
  LATHE_RETURN_IF_ERROR(AppendRepr(v, budget, &out));
  return out;
}

absl::StatusOr<std::string> ToJson(const Value& v, const JsonStyle& style, Budget* budget) {
  JsonWriter writer(style, budget);
  LATHE_RETURN_IF_ERROR(writer.Write(v, 0));
  return writer.Take();
}

// The layout of Python's float_repr_style 'short' (Python/pystrtod.c, format_float_short with code
// 'r'): an exponent where the decimal point stands more than 16 digits behind the first one or more
// than 4 before it.
std::string FloatText(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), v, std::chars_format::scientific).ptr;
  absl::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (text[0] == '-') {
    out.push_back('-');
    text.remove_prefix(1);
  }
  size_t e = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) absl::StrAppend(&digits, text.substr(2, e - 2));
  int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    absl::StrAppend(&out, digits.substr(0, 1));
    if (count > 1) absl::StrAppend(&out, ".", digits.substr(1));
    absl::StrAppendFormat(&out, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  } else if (exponent < 0) {
    absl::StrAppend(&out, "0.", std::string(static_cast<size_t>(-exponent - 1), '0'), digits);
  } else if (count <= exponent + 1) {
    absl::StrAppend(&out, digits, std::string(static_cast<size_t>(exponent + 1 - count), '0'),
                    ".0");
  } else {
    auto point = static_cast<size_t>(exponent + 1);
    absl::StrAppend(&out, digits.substr(0, point), ".", digits.substr(point));
  }
  return out;
}

std::string IntText(absl::int128 v) {
  if (v < 0) return absl::StrCat(static_cast<int64_t>(v));
  return absl::StrCat(static_cast<uint64_t>(v));
}

}  // namespace lathe
