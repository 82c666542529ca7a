#include "test/support/graph/sample_step.h"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "ops/sampling/source/choose_row.h"

namespace lathe::testing {
namespace {

class RowMaker {
 public:
  RowMaker(int64_t columns, uint32_t seed) : columns_(columns), random_(seed) {}

  int64_t Below(int64_t end) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(end));
  }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  float Uniform() { return std::uniform_real_distribution<float>(0, 1)(random_); }

  // Few different logits, so that ties are everywhere.
  void Logits(absl::Span<float> row) {
    for (float& logit : row) logit = static_cast<float>(Below(64)) / 4 - 8;
    if (OneIn(7))
      row[static_cast<size_t>(Below(columns_))] = std::numeric_limits<float>::quiet_NaN();
  }

  void Settings(absl::Span<float> row) {
    row[sampling::kTemperature] = OneIn(2) ? 0 : 0.1f + 2 * Uniform();
    if (OneIn(3)) row[sampling::kTemperature] = sampling::kLeaveRow;
    row[sampling::kTopP] = OneIn(2) ? 1 : 0.05f + 0.95f * Uniform();
    row[sampling::kMinP] = OneIn(2) ? 0 : Uniform() / 4;
    row[sampling::kRepetitionPenalty] = OneIn(2) ? 1 : 0.5f + Uniform();
    row[sampling::kFrequencyPenalty] = OneIn(2) ? 0 : Uniform();
    row[sampling::kPresencePenalty] = OneIn(2) ? 0 : 2 * Uniform() - 1;
  }

  void Numbers(absl::Span<int32_t> row) {
    for (int32_t& number : row.subspan(0, sampling::kAllowedEnd))
      number = static_cast<int32_t>(random_());
    row[sampling::kTopK] = OneIn(2) ? 0 : static_cast<int32_t>(1 + Below(columns_ + 3));
    if (OneIn(4)) AddIds(Below(columns_) + 1);
    std::sort(ids_.begin() + end_, ids_.end());
    row[sampling::kAllowedEnd] = End();
    if (OneIn(3)) AddIds(Below(columns_));
    if (OneIn(9)) {
      for (int64_t id = 0; id < columns_; ++id) Add(static_cast<int32_t>(id), 0);
    }
    row[sampling::kForbiddenEnd] = End();
    if (OneIn(3)) AddIds(Below(12));
    row[sampling::kBiasEnd] = End();
    if (OneIn(2)) {
      const int64_t first = Below(columns_);
      for (int64_t id = first; id < first + 20; ++id)
        Add(static_cast<int32_t>(id), static_cast<float>(Below(4)));
    }
    row[sampling::kUsedEnd] = End();
  }

  std::vector<int32_t> TakeIds() { return std::move(ids_); }
  std::vector<float> TakeValues() { return std::move(values_); }

 private:
  void Add(int32_t id, float value) {
    ids_.push_back(id);
    values_.push_back(value);
  }
  void AddIds(int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      Add(static_cast<int32_t>(Below(columns_ + 4) - 2), 10 * Uniform() - 5);
  }
  int32_t End() { return end_ = static_cast<int32_t>(ids_.size()); }

  int64_t columns_;
  std::mt19937 random_;
  std::vector<int32_t> ids_;
  std::vector<float> values_;
  int32_t end_ = 0;
};

}  // namespace

SampleStep::SampleStep(int64_t rows, int64_t columns, uint32_t seed)
    : x(DType::kF32, {rows, columns}),
      greedy_ids(DType::kI32, {rows}),
      limits(DType::kI32, {rows}),
      settings(DType::kF32, {rows, sampling::kNumSettings}),
      numbers(DType::kI32, {rows, sampling::kNumNumbers}) {
  RowMaker maker(columns, seed);
  const auto row_of = [](auto span, int64_t row, int64_t width) {
    return span.subspan(static_cast<size_t>(row * width), static_cast<size_t>(width));
  };
  for (int64_t row = 0; row < rows; ++row) {
    maker.Logits(row_of(x.floats(), row, columns));
    maker.Settings(row_of(settings.floats(), row, sampling::kNumSettings));
    maker.Numbers(row_of(numbers.ints(), row, sampling::kNumNumbers));
    greedy_ids.ints()[row] = static_cast<int32_t>(maker.Below(columns));
    limits.ints()[row] =
        static_cast<int32_t>(maker.OneIn(3) ? maker.Below(columns + 3) - 1 : columns);
  }
  std::vector<int32_t> ids = maker.TakeIds();
  const auto count = static_cast<int64_t>(ids.size());
  list_ids = HostTensor::Ints({count}, std::move(ids));
  list_values = HostTensor::Floats({count}, maker.TakeValues());
}

std::map<std::string, HostTensor> GreedyRowInputs(int64_t rows, int32_t limit) {
  HostTensor limits(DType::kI32, {rows});
  for (int32_t& each : limits.ints()) each = limit;
  HostTensor settings(DType::kF32, {rows, sampling::kNumSettings});
  for (int64_t row = 0; row < rows; ++row)
    settings.floats()[row * sampling::kNumSettings + sampling::kTemperature] = sampling::kLeaveRow;
  return {{"id_limits", std::move(limits)},
          {"sample_settings", std::move(settings)},
          {"sample_numbers", HostTensor(DType::kI32, {rows, sampling::kNumNumbers})},
          {"sample_ids", HostTensor(DType::kI32, {0})},
          {"sample_values", HostTensor(DType::kF32, {0})}};
}

}  // namespace lathe::testing
