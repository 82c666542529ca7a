#include "runtime/generate/sampling_rows.h"

#include <array>

namespace lathe {
namespace {

void Split(uint64_t value, int32_t* low_and_high) {
  low_and_high[0] = static_cast<int32_t>(value);
  low_and_high[1] = static_cast<int32_t>(value >> 32);
}

}  // namespace

void SamplingRows::Clear() {
  settings_.clear();
  numbers_.clear();
  list_ids_.clear();
  list_values_.clear();
}

void SamplingRows::AddGreedy() { Add({}, {.temperature = sampling::kLeaveRow}, 0); }

void SamplingRows::Add(const sampling::Processing& processing, const sampling::Chance& chance,
                       uint64_t position) {
  std::array<float, sampling::kNumSettings> settings;
  settings[sampling::kTemperature] = chance.temperature;
  settings[sampling::kTopP] = chance.top_p;
  settings[sampling::kMinP] = chance.min_p;
  settings[sampling::kRepetitionPenalty] = processing.repetition_penalty;
  settings[sampling::kFrequencyPenalty] = processing.frequency_penalty;
  settings[sampling::kPresencePenalty] = processing.presence_penalty;
  settings_.insert(settings_.end(), settings.begin(), settings.end());

  std::array<int32_t, sampling::kNumNumbers> numbers;
  numbers[sampling::kTopK] = chance.top_k;
  Split(chance.seed, &numbers[sampling::kSeed]);
  Split(position, &numbers[sampling::kPosition]);
  auto add_list = [this](const int32_t* ids, int32_t count, const float* values) {
    list_ids_.insert(list_ids_.end(), ids, ids + count);
    if (values != nullptr) list_values_.insert(list_values_.end(), values, values + count);
    list_values_.resize(list_ids_.size());
    return static_cast<int32_t>(list_ids_.size());
  };
  const sampling::IdList& allowed = processing.allowed;
  const sampling::IdList& forbidden = processing.forbidden;
  const sampling::ValueList& biases = processing.biases;
  const sampling::ValueList& used = processing.used;
  numbers[sampling::kAllowedEnd] = add_list(allowed.ids, allowed.count, nullptr);
  numbers[sampling::kForbiddenEnd] = add_list(forbidden.ids, forbidden.count, nullptr);
  numbers[sampling::kBiasEnd] = add_list(biases.ids, biases.count, biases.values);
  numbers[sampling::kUsedEnd] = add_list(used.ids, used.count, used.values);
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
}

}  // namespace lathe
