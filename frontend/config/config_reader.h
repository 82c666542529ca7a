// Reads a JSON configuration strictly: every key is read, listed as ignored, or reported with the
// flag that passes it. Problems are collected while reading and come out of Finish() all at once,
// each with file, key path, what was found and what was expected.
//   LATHE_ASSIGN_OR_RETURN(ConfigReader reader, ConfigReader::Open(dir + "/config.json"));
//   config.hidden_size = reader.Int("hidden_size", kExtent);
//   config.rms_norm_eps = reader.FloatOr("rms_norm_eps", 1e-6);
//   reader.Ignore({"use_cache"});
//   LATHE_RETURN_IF_ERROR(reader.Finish());   // before the values are trusted
// After a problem a getter returns its default, or the lowest value of the range for a required key
// (1 for extents, so that code may divide by it before Finish). A null counts as absent.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace lathe {

struct JsonValue;

// The values that a number may have, ends included.
struct IntRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct FloatRange {
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
};
// Sizes of tensors: the product of two of them never overflows.
inline constexpr IntRange kExtent{1, int64_t{1} << 30};
// Counts and indices that may be zero.
inline constexpr IntRange kCount{0, int64_t{1} << 30};
// Factors and bases of powers.
inline constexpr FloatRange kPositive{std::numeric_limits<double>::min()};

class ConfigReader {
 public:
  // `origin` is the file's name for messages. Each of `ignored_keys` ("rope_scaling.foo", a path
  // from the root) is treated as absent from the file: the values of --ignore-config-key.
  static absl::StatusOr<ConfigReader> Parse(absl::string_view text, absl::string_view origin,
                                            absl::Span<const std::string> ignored_keys = {});
  static absl::StatusOr<ConfigReader> Open(const std::string& path,
                                           absl::Span<const std::string> ignored_keys = {});

  // A root owns the document: readers of inner objects must not outlive it.
  ConfigReader(ConfigReader&&) noexcept;
  ConfigReader& operator=(ConfigReader&&) noexcept;
  ~ConfigReader();

  // True when the key is there and not null. Does not count as reading it.
  bool Has(absl::string_view key) const;
  bool HasObject(absl::string_view key) const;
  bool HasList(absl::string_view key) const;
  // The keys of this object, in the file's order.
  std::vector<std::string> Keys() const;

  // Required values. Integers may be spelled 1000000.0 or 5e6; numbers are finite.
  int64_t Int(absl::string_view key, IntRange range = {});
  double Float(absl::string_view key, FloatRange range = {});
  bool Bool(absl::string_view key);
  std::string String(absl::string_view key);
  std::vector<int64_t> IntList(absl::string_view key, IntRange range = {});
  std::vector<double> FloatList(absl::string_view key, FloatRange range = {});
  std::vector<std::string> StringList(absl::string_view key);
  ConfigReader Object(absl::string_view key);

  // Values that may be absent.
  std::optional<int64_t> OptionalInt(absl::string_view key, IntRange range = {});
  std::optional<double> OptionalFloat(absl::string_view key, FloatRange range = {});
  std::optional<bool> OptionalBool(absl::string_view key);
  std::optional<std::string> OptionalString(absl::string_view key);
  std::optional<std::vector<int64_t>> OptionalIntList(absl::string_view key, IntRange range = {});
  // One number stands for a list of one (eos_token_id).
  std::optional<std::vector<int64_t>> OptionalIntOrIntList(absl::string_view key,
                                                           IntRange range = {});
  std::optional<std::vector<double>> OptionalFloatList(absl::string_view key,
                                                       FloatRange range = {});
  std::optional<std::vector<std::string>> OptionalStringList(absl::string_view key);
  std::optional<ConfigReader> OptionalObject(absl::string_view key);
  // Stands for an object without keys where there is none.
  ConfigReader ObjectOrEmpty(absl::string_view key);

  // Values with a default.
  int64_t IntOr(absl::string_view key, int64_t fallback, IntRange range = {});
  double FloatOr(absl::string_view key, double fallback, FloatRange range = {});
  bool BoolOr(absl::string_view key, bool fallback);
  std::string StringOr(absl::string_view key, absl::string_view fallback);
  // A string of which only some values are supported: Unimplemented for others, naming the
  // supported ones.
  std::string StringOneOf(absl::string_view key, absl::Span<const absl::string_view> supported,
                          absl::string_view fallback);

  // Keys that have no meaning for inference: present or not, whatever they hold.
  void Ignore(std::initializer_list<absl::string_view> keys);
  void Ignore(absl::Span<const absl::string_view> keys);

  // All keys of this object, whatever they hold: for what is refused, or skipped, as a whole.
  void IgnoreAll();

  // Problems and warnings that only the caller can see ("3 does not divide num_attention_heads
  // 16"); the key's path goes in front.
  void Fail(absl::string_view key, absl::string_view what);
  void FailUnsupported(absl::string_view key, absl::string_view what);
  void Warn(absl::string_view key, absl::string_view what);

  // "text_config.rope_scaling.factor".
  std::string Path(absl::string_view key) const;
  const std::string& origin() const;
  // False as soon as there is a problem, anywhere in the document.
  bool ok() const;
  // Of the whole document, each with file and key.
  const std::vector<std::string>& warnings() const;

  // OK, or every problem of the document, with every key that was neither read nor ignored.
  // Unimplemented when all that is wrong is not supported, otherwise InvalidArgument.
  absl::Status Finish() const;

 private:
  struct Document;
  ConfigReader(Document* document, const JsonValue* object, std::string path);

  // The value of a key, marked as known; null when absent, or null in the file.
  const JsonValue* Read(absl::string_view key);
  // Reports a required key that is absent.
  void Missing(absl::string_view key, absl::string_view expected);
  void WrongType(absl::string_view path, const JsonValue& found, absl::string_view expected);
  std::optional<int64_t> ToInt(absl::string_view path, const JsonValue& value, IntRange range);
  std::optional<double> ToFloat(absl::string_view path, const JsonValue& value, FloatRange range);
  // Converts each item of a list with `convert(path, item)`; none when one of them fails.
  template <typename T, typename Convert>
  std::optional<std::vector<T>> ToList(absl::string_view key, const JsonValue& value,
                                       absl::string_view expected, Convert convert);

  std::unique_ptr<Document> owned_;  // of a root only
  Document* document_;
  const JsonValue*
      object_;        // null after a problem: every key is absent, and nothing more is reported
  std::string path_;  // "" at the root, else "text_config"
};

}  // namespace lathe
