#include "tools/common/machine_limits.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/json/json_value.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr char kAdvice[] = "`lathe bench --limits --json=FILE` writes such a file";

absl::Status Unexpected(absl::string_view where, const JsonValue* found,
                        absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(where, " is ",
                                                 found == nullptr ? "missing" : Describe(*found),
                                                 ", expected ", expected, "; ", kAdvice));
}

absl::StatusOr<double> Rate(const JsonValue& entry, absl::string_view key,
                            absl::string_view where) {
  const JsonValue* value = entry.Find(key);
  const bool is_number = value != nullptr && (value->kind == JsonValue::Kind::kInt ||
                                              value->kind == JsonValue::Kind::kFloat);
  if (is_number && value->number > 0) return value->number;
  return Unexpected(absl::StrCat(where, ".", key), value, "a number above 0");
}

absl::StatusOr<MachineLimits> ReadEntry(const JsonValue& entry, absl::string_view where) {
  if (!entry.is_object()) return Unexpected(where, &entry, "an object");
  const JsonValue* threads = entry.Find("threads");
  if (threads == nullptr || threads->kind != JsonValue::Kind::kInt || threads->integer < 1 ||
      threads->integer > 1024) {
    return Unexpected(absl::StrCat(where, ".threads"), threads, "a whole number from 1 to 1024");
  }
  MachineLimits limits;
  limits.threads = static_cast<int>(threads->integer);
  LATHE_ASSIGN_OR_RETURN(limits.roofline.bytes_per_second,
                         Rate(entry, "read_bytes_per_second", where));
  for (ArithmeticUnit unit : kArithmeticUnits) {
    if (unit != ArithmeticUnit::kFmaF32 && entry.Find(PeakKey(unit)) == nullptr) continue;
    LATHE_ASSIGN_OR_RETURN(double peak, Rate(entry, PeakKey(unit), where));
    limits.roofline.SetPeak(unit, peak);
  }
  return limits;
}

}  // namespace

absl::string_view PeakKey(ArithmeticUnit unit) {
  static constexpr absl::string_view kKeys[kNumArithmeticUnits] = {
      "fma_flops_per_second", "dot_int8_ops_per_second", "dot_bf16_flops_per_second",
      "fma_f16_flops_per_second"};
  return kKeys[static_cast<size_t>(unit)];
}

absl::StatusOr<std::vector<MachineLimits>> ParseMachineLimits(absl::string_view json,
                                                              absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(json, origin));
  const JsonValue* list = root.Find("limits");
  std::string where = absl::StrCat(origin, ": limits");
  if (list == nullptr || list->kind != JsonValue::Kind::kList || list->items.empty()) {
    return Unexpected(where, list, "a list with an object for each number of threads");
  }
  std::vector<MachineLimits> limits;
  for (size_t i = 0; i < list->items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(MachineLimits entry,
                           ReadEntry(list->items[i], absl::StrCat(where, "[", i, "]")));
    limits.push_back(entry);
  }
  return limits;
}

absl::StatusOr<Roofline> ReadMachineLimits(const std::string& path, int threads) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxFileBytes));
  LATHE_ASSIGN_OR_RETURN(std::vector<MachineLimits> all, ParseMachineLimits(text, path));
  std::vector<int> known;
  for (const MachineLimits& limits : all) {
    if (limits.threads == threads) return limits.roofline;
    known.push_back(limits.threads);
  }
  return absl::NotFoundError(absl::StrCat(
      path, " holds no limits for ", threads, " threads, only for ", absl::StrJoin(known, ", "),
      "; measure them with `lathe bench --limits --threads=", threads, " --json=FILE`"));
}

}  // namespace lathe
