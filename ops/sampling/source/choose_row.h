// A step of many requests as arrays, as the op `sample` reads it, and the choice of one of its
// rows. The columns below are the only place that says what stands where.
//   int32_t id = ChooseRow(rows, r, columns, {scores, candidates});
#pragma once

#include <cstdint>

#include "ops/sampling/source/sample_row.h"

namespace lathe::sampling {

// Of StepRows::settings.
enum Setting {
  kTemperature,  // kLeaveRow: the row keeps its greedy id
  kTopP,
  kMinP,
  kRepetitionPenalty,
  kFrequencyPenalty,
  kPresencePenalty,
  kNumSettings,
};
inline constexpr float kLeaveRow = -1;

// Of StepRows::numbers. Numbers of 64 bits are two, the low one first. The lists of a row lie
// behind each other, behind those of the row before; a list's end is counted from the first of all.
enum Number {
  kTopK,
  kSeed,
  kPosition = kSeed + 2,
  kAllowedEnd = kPosition + 2,
  kForbiddenEnd,
  kBiasEnd,
  kUsedEnd,
  kNumNumbers,
};

struct StepRows {
  const float* logits;        // [R, columns]
  const int32_t* greedy_ids;  // [R]
  const int32_t* limits;      // [R] ids from there on may not be chosen
  const float* settings;      // [R, kNumSettings]
  const int32_t* numbers;     // [R, kNumNumbers]
  const int32_t* list_ids;    // [E]
  const float* list_values;   // [E] of biases and of used ids (process.h); of others not read
};

// What stands for an id where there is none: kNoId, or kNanFrom - i when logit i is the first that
// is no number.
inline constexpr int32_t kNoId = -1;
inline constexpr int32_t kNanFrom = -2;

constexpr uint64_t Joined(const int32_t* low_and_high) {
  return static_cast<uint32_t>(low_and_high[0]) |
         static_cast<uint64_t>(static_cast<uint32_t>(low_and_high[1])) << 32;
}

constexpr Processing ProcessingOf(const StepRows& rows, int64_t row) {
  const float* settings = rows.settings + row * kNumSettings;
  const int32_t* ends = rows.numbers + row * kNumNumbers;
  const int32_t first = row == 0 ? 0 : ends[kUsedEnd - kNumNumbers];
  auto ids = [&](int32_t begin, int32_t end) { return IdList{rows.list_ids + begin, end - begin}; };
  auto values = [&](int32_t begin, int32_t end) {
    return ValueList{rows.list_ids + begin, rows.list_values + begin, end - begin};
  };
  return {.allowed = ids(first, ends[kAllowedEnd]),
          .forbidden = ids(ends[kAllowedEnd], ends[kForbiddenEnd]),
          .biases = values(ends[kForbiddenEnd], ends[kBiasEnd]),
          .used = values(ends[kBiasEnd], ends[kUsedEnd]),
          .repetition_penalty = settings[kRepetitionPenalty],
          .frequency_penalty = settings[kFrequencyPenalty],
          .presence_penalty = settings[kPresencePenalty]};
}

// `columns` <= kMaxVocabulary; a limit beyond the row is the row's end.
constexpr int32_t ChooseRow(const StepRows& rows, int64_t row, int32_t columns,
                            const Workspace& work) {
  const float* settings = rows.settings + row * kNumSettings;
  const int32_t* numbers = rows.numbers + row * kNumNumbers;
  if (settings[kTemperature] == kLeaveRow) return rows.greedy_ids[row];
  const Chance chance{.temperature = settings[kTemperature],
                      .top_k = numbers[kTopK],
                      .top_p = settings[kTopP],
                      .min_p = settings[kMinP],
                      .seed = Joined(numbers + kSeed)};
  const int32_t limit = rows.limits[row] < columns ? rows.limits[row] : columns;
  const Choice choice = SampleRow(ProcessingOf(rows, row), chance, Joined(numbers + kPosition),
                                  rows.logits + row * columns, limit < 0 ? 0 : limit, work);
  if (choice.outcome == Outcome::kNotANumber) return kNanFrom - choice.id;
  return choice.outcome == Outcome::kChosen ? choice.id : kNoId;
}

}  // namespace lathe::sampling
