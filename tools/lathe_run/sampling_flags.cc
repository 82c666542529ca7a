#include "tools/lathe_run/sampling_flags.h"

#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

void AddNumber(const SamplingNumber& line, const RealNumber& number, SamplingValues& values,
               FlagTable& table) {
  table.OptionalFloat(line.flag, &(values.*number.value),
                      {.min = number.range.least, .max = number.range.most, .absent = line.absent},
                      line.help);
}

void AddNumber(const SamplingNumber& line, const WholeNumber& number, SamplingValues& values,
               FlagTable& table) {
  table.OptionalInt(line.flag, &(values.*number.value),
                    {.unit = line.unit,
                     .min = number.range.least,
                     .max = number.range.most,
                     .absent = line.absent},
                    line.help);
}

absl::Status ReadLogitBias(absl::string_view text, std::vector<LogitBias>& biases) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  LogitBias bias;
  if (absl::SimpleAtoi(parts.first, &bias.id) && bias.id >= 0 &&
      absl::SimpleAtof(parts.second, &bias.value) &&
      static_cast<double>(bias.value) >= kLogitBiasRange.least &&
      static_cast<double>(bias.value) <= kLogitBiasRange.most) {
    biases.push_back(bias);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("got ", Quoted(text), ", expected ID:BIAS, a token id and a number from ",
                   kLogitBiasRange.least, " to ", kLogitBiasRange.most, ", as in 13:-2.5"));
}

absl::Status ReadStop(absl::string_view text, std::vector<std::string>& stops) {
  if (text.empty()) return absl::InvalidArgumentError("an empty text would end every answer");
  stops.emplace_back(text);
  return absl::OkStatus();
}

}  // namespace

void AddSamplingFlags(SamplingValues& values, FlagTable& table) {
  table.Group("Choice of tokens");
  for (const SamplingNumber& line : SamplingNumbers()) {
    std::visit([&](const auto& number) { AddNumber(line, number, values, table); }, line.number);
  }
  table.Each("logit-bias", {.form = "ID:BIAS"}, "add BIAS (-100 to 100) to the logit of a token id",
             [&values](absl::string_view text) { return ReadLogitBias(text, values.logit_bias); });
  table.Each("stop", {}, "end the answer where it would say this text, which is not shown",
             [&values](absl::string_view text) { return ReadStop(text, values.stop); });
  table.OptionalBool("ignore-eos", &values.ignore_eos, "go on where the model ends its answer");
}

}  // namespace lathe
