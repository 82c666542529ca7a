// A line of a file of requests.
#include <cmath>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_value.h"
#include "runtime/base/check.h"
#include "test/fuzz/fuzz_input.h"
#include "tools/lathe_run/request_line.h"
#include "tools/lathe_run/sampling_values.h"

namespace lathe::fuzz {
namespace {

void CheckId(const std::string& id) {
  if (id.empty()) return;
  auto value = ParseJson(id, "id");
  LATHE_CHECK(value.ok()) << id << ": " << value.status().ToString();
  LATHE_CHECK(value->items.empty() && value->members.empty() && !value->is_null()) << id;
}

void CheckNumbers(const SamplingValues& sampling) {
  for (const SamplingNumber& line : SamplingNumbers()) {
    std::visit(
        [&](const auto& number) {
          const auto& value = sampling.*number.value;
          if (!value.has_value()) return;
          LATHE_CHECK(*value >= number.range.least && *value <= number.range.most)
              << line.key << " " << *value;
        },
        line.number);
  }
}

void CheckIds(const SamplingValues& sampling) {
  for (const auto* ids : {&sampling.stop_ids, &sampling.allowed_ids, &sampling.forbidden_ids}) {
    for (int32_t id : *ids) LATHE_CHECK(id >= 0) << id;
  }
  for (const LogitBias& bias : sampling.logit_bias) {
    LATHE_CHECK(bias.id >= 0 && std::isfinite(bias.value)) << bias.id << " " << bias.value;
  }
  for (const std::string& stop : sampling.stop) LATHE_CHECK(!stop.empty()) << "a stop text";
}

// Exactly one question, and every value one that may be used.
void CheckFields(const RequestFields& fields) {
  const int questions = static_cast<int>(fields.prompt.has_value()) +
                        static_cast<int>(fields.messages.has_value()) +
                        static_cast<int>(!fields.token_ids.empty());
  LATHE_CHECK(questions == 1) << questions;
  for (int32_t id : fields.token_ids) LATHE_CHECK(id >= 0) << id;
  if (fields.messages) LATHE_CHECK(fields.messages->is_array()) << "messages";
  LATHE_CHECK(fields.template_variables.is_null() || fields.template_variables.is_object())
      << "chat_template_kwargs";
  if (fields.tools) LATHE_CHECK(fields.tools->list.is_array()) << "tools";
  if (fields.n) LATHE_CHECK(*fields.n >= kAnswersRange.least) << *fields.n;
  if (fields.max_new_tokens) LATHE_CHECK(*fields.max_new_tokens >= 1) << *fields.max_new_tokens;
  CheckNumbers(fields.sampling);
  CheckIds(fields.sampling);
  // What a line leaves out the command line says.
  const SamplingValues over = Over({}, fields.sampling);
  LATHE_CHECK(over == fields.sampling) << "Over changes what a line says";
  SamplingValues seeded = fields.sampling;
  if (!seeded.seed) seeded.seed = 1;
  auto params = MakeSampling(seeded, {});
  LATHE_CHECK(params.ok() || params.status().code() == absl::StatusCode::kInvalidArgument)
      << params.status().ToString();
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const lathe::ParsedRequest parsed = lathe::ParseRequestLine(lathe::fuzz::Text(data, size));
  lathe::fuzz::CheckId(parsed.id);
  if (parsed.fields.ok()) {
    lathe::fuzz::CheckFields(*parsed.fields);
  } else {
    LATHE_CHECK(parsed.fields.status().code() == absl::StatusCode::kInvalidArgument)
        << parsed.fields.status().ToString();
  }
  return 0;
}
