#include "runtime/generate/row_keeper.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace lathe {

bool RowKeeper::OnStep(const StepView& view) {
  const absl::Span<const float> output = view.runner.Output(output_);  // [rows of the step, W]
  if (output.empty()) return false;
  const int64_t count = std::min(view.num_rows, most_rows_ - view.first_position);
  if (count <= 0) return true;
  const int64_t width = static_cast<int64_t>(output.size()) / view.step_rows;
  LATHE_CHECK(width_ == 0 || width == width_)
      << output_ << " is " << width << " wide, and was " << width_;
  width_ = width;
  const auto end = static_cast<size_t>((view.first_position + count) * width);
  if (rows_.size() < end) rows_.resize(end);
  std::copy_n(output.begin() + view.first_row * width, count * width,
              rows_.begin() + view.first_position * width);
  return true;
}

}  // namespace lathe
