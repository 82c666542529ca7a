#include "runtime/artifact/quantization_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// "q8g32n16" and the like; see Weight.layout in artifact.proto.
bool IsQuantized(const artifact::Weight& weight) { return absl::StartsWith(weight.layout(), "q"); }

double NumElements(const artifact::Weight& weight) {
  double count = 1;
  for (int64_t extent : weight.shape()) count *= static_cast<double>(extent);
  return count;
}

struct Total {
  int tensors = 0;
  double elements = 0;
  uint64_t bytes = 0;
  double worst = 0;
  double sum = 0;
};

// "q4g32n16" -> "int4, groups of 32".
std::string FormatText(absl::string_view layout) {
  const size_t group = layout.find('g'), columns = layout.find('n');
  if (group == absl::string_view::npos || columns == absl::string_view::npos || columns < group)
    return std::string(layout);
  return absl::StrCat("int", layout.substr(1, group - 1), ", groups of ",
                      layout.substr(group + 1, columns - group - 1));
}

}  // namespace

std::string WeightFormatText(const artifact::Weight& weight) {
  if (IsQuantized(weight)) return FormatText(weight.layout());
  const std::optional<DType> known = FromProto(weight.dtype());
  return known ? std::string(DTypeName(*known)) : "?";
}

std::string QuantizationText(const std::vector<artifact::Weight>& weights, size_t limit) {
  std::vector<const artifact::Weight*> quantized;
  std::map<std::string, Total> totals;
  for (const artifact::Weight& weight : weights) {
    if (!IsQuantized(weight)) continue;
    quantized.push_back(&weight);
    Total& total = totals[weight.layout()];
    ++total.tensors;
    total.elements += NumElements(weight);
    total.bytes += weight.size();
    total.worst = std::max(total.worst, weight.relative_error());
    total.sum += weight.relative_error();
  }
  if (quantized.empty()) return "";
  std::string text = "quantised weights; error is ||W - stored W|| / ||W||\n";
  for (const auto& [layout, total] : totals) {
    absl::StrAppendFormat(
        &text,
        "  %s: %d tensor%s, %s, %.3f bytes a weight, error %.4f in the mean, %.4f at worst\n",
        FormatText(layout), total.tensors, total.tensors == 1 ? "" : "s", HumanBytes(total.bytes),
        static_cast<double>(total.bytes) / std::max(total.elements, 1.0), total.sum / total.tensors,
        total.worst);
  }
  std::sort(quantized.begin(), quantized.end(), [](const auto* a, const auto* b) {
    if (a->relative_error() != b->relative_error())
      return a->relative_error() > b->relative_error();
    return a < b;  // as in the file
  });
  const size_t shown = std::min(limit, quantized.size());
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppendFormat(&text, "  %.4f  %-10s %s\n", quantized[i]->relative_error(),
                          quantized[i]->layout(), quantized[i]->name());
  }
  if (shown < quantized.size()) {
    absl::StrAppend(&text, "  and ", quantized.size() - shown,
                    " more: lathe inspect ARTIFACT --quantization\n");
  }
  return text;
}

}  // namespace lathe
