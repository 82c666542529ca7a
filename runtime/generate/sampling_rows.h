// How the rows of a step choose their tokens, as the arrays that the model reads
// (ops/sampling/source/choose_row.h). Storage is kept from step to step.
//   rows.Clear();
//   rows.AddGreedy();
//   rows.Add(processing, {.temperature = 0.6f, .seed = 7}, position);
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ops/sampling/source/choose_row.h"

namespace lathe {

class SamplingRows {
 public:
  void Clear();
  // A row that takes the likeliest id, and nothing else is asked of it.
  void AddGreedy();
  // A row that is chosen by sampling::SampleRow with these arguments.
  void Add(const sampling::Processing& processing, const sampling::Chance& chance,
           uint64_t position);

  int64_t num_rows() const {
    return static_cast<int64_t>(settings_.size() / sampling::kNumSettings);
  }
  // Valid until the next change.
  absl::Span<const float> settings() const { return settings_; }        // [R, kNumSettings]
  absl::Span<const int32_t> numbers() const { return numbers_; }        // [R, kNumNumbers]
  absl::Span<const int32_t> list_ids() const { return list_ids_; }      // [E]
  absl::Span<const float> list_values() const { return list_values_; }  // [E]

 private:
  std::vector<float> settings_;
  std::vector<int32_t> numbers_;
  std::vector<int32_t> list_ids_;
  std::vector<float> list_values_;
};

}  // namespace lathe
