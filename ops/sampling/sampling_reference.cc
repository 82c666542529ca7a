#include "ops/sampling/sampling_reference.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ops/sampling/source/choose_row.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

absl::Span<const float> Row(const HostTensor& tensor, int64_t row) {
  const auto width = static_cast<size_t>(tensor.width());
  return tensor.floats().subspan(static_cast<size_t>(row) * width, width);
}

// A limit as a number of elements of a row of x.
size_t LimitOf(const HostTensor& limits, int64_t row, const HostTensor& x) {
  return static_cast<size_t>(std::clamp<int64_t>(limits.ints()[row], 0, x.width()));
}

float Largest(absl::Span<const float> values) {
  float best = kMinusInfinity;
  for (float value : values) best = value > best ? value : best;  // false for what is no number
  return best;
}

// The first of `values` that is a number not below `least`; none: their count.
size_t FirstNotBelow(absl::Span<const float> values, float least) {
  return static_cast<size_t>(
      std::find_if(values.begin(), values.end(), [&](float value) { return value >= least; }) -
      values.begin());
}

absl::Status CheckListEnds(const HostTensor& numbers, int64_t num_ids) {
  int32_t before = 0;
  for (int64_t r = 0; r < numbers.dim(0); ++r) {
    for (int column = sampling::kAllowedEnd; column <= sampling::kUsedEnd; ++column) {
      const int32_t end = numbers.ints()[r * sampling::kNumNumbers + column];
      if (end < before || end > num_ids) {
        return absl::InvalidArgumentError(absl::StrCat("numbers[", r, ", ", column,
                                                       "] ends a list at ", end, ", expected ",
                                                       before, " to ", num_ids));
      }
      before = end;
    }
  }
  return absl::OkStatus();
}

}  // namespace

HostTensor ArgmaxReference(const HostTensor& x, const HostTensor& limits) {
  HostTensor ids(DType::kI32, {x.dim(0)});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    absl::Span<const float> row = Row(x, r).subspan(0, LimitOf(limits, r, x));
    const float best = Largest(row);
    ids.ints()[r] = best == kMinusInfinity ? -1 : static_cast<int32_t>(FirstNotBelow(row, best));
  }
  return ids;
}

HostTensor BlockMaxReference(const HostTensor& x, int64_t block) {
  const int64_t blocks = (x.width() - 1) / block + 1;
  HostTensor maxima(DType::kF32, {x.dim(0), blocks});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t j = 0; j < blocks; ++j) {
      maxima.floats()[r * blocks + j] =
          Largest(Row(x, r).subspan(static_cast<size_t>(j * block), static_cast<size_t>(block)));
    }
  }
  return maxima;
}

HostTensor ArgmaxByBlocksReference(const HostTensor& x, const HostTensor& maxima,
                                   const HostTensor& limits, int64_t block) {
  HostTensor ids(DType::kI32, {x.dim(0)});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    absl::Span<const float> row = Row(x, r).subspan(0, LimitOf(limits, r, x));
    const size_t size = static_cast<size_t>(block);
    absl::Span<const float> whole = Row(maxima, r).subspan(0, row.size() / size);
    const float best = std::max(Largest(whole), Largest(row.subspan(whole.size() * size)));
    ids.ints()[r] = -1;
    if (best == kMinusInfinity) continue;
    const size_t start = FirstNotBelow(whole, best) * size;
    absl::Span<const float> candidates = row.subspan(start, size);
    const size_t offset = FirstNotBelow(candidates, best);
    if (offset < candidates.size()) ids.ints()[r] = static_cast<int32_t>(start + offset);
  }
  return ids;
}

absl::StatusOr<HostTensor> SampleReference(const SampleOperands& operands) {
  LATHE_RETURN_IF_ERROR(CheckListEnds(operands.numbers, operands.list_ids.num_elements()));
  const sampling::StepRows rows{.logits = operands.x.floats().data(),
                                .greedy_ids = operands.greedy_ids.ints().data(),
                                .limits = operands.limits.ints().data(),
                                .settings = operands.settings.floats().data(),
                                .numbers = operands.numbers.ints().data(),
                                .list_ids = operands.list_ids.ints().data(),
                                .list_values = operands.list_values.floats().data()};
  const auto columns = static_cast<int32_t>(operands.x.width());
  std::vector<float> scores(static_cast<size_t>(columns));
  std::vector<sampling::Candidate> candidates(static_cast<size_t>(columns));
  HostTensor ids(DType::kI32, {operands.x.dim(0)});
  for (int64_t r = 0; r < operands.x.dim(0); ++r)
    ids.ints()[r] = sampling::ChooseRow(rows, r, columns, {scores.data(), candidates.data()});
  return ids;
}

}  // namespace lathe
