// HostTensor: a tensor in host memory as the references compute with it. Floats of any dtype are
// held as f32 (all narrower ones fit exactly; storing rounds), integers as i32. Row major.
//   HostTensor x = HostTensor::Floats({2, 3}, {1, 2, 3, 4, 5, 6});
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/dtype.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

class HostTensor {
 public:
  HostTensor() = default;
  // Zeros. `dtype` is f32, f16, bf16 or i32.
  HostTensor(DType dtype, std::vector<int64_t> shape);
  static HostTensor Floats(std::vector<int64_t> shape, std::vector<float> values);
  static HostTensor Ints(std::vector<int64_t> shape, std::vector<int32_t> values);
  // Widens the bytes of `view`. Unimplemented for a dtype that the references do not compute with.
  static absl::StatusOr<HostTensor> FromView(const TensorView& view);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t dim(int64_t axis) const { return shape_[axis]; }
  int64_t num_elements() const;
  // Extent of the last axis (1 for a scalar), and the number of rows of that length.
  int64_t width() const { return shape_.empty() ? 1 : shape_.back(); }
  int64_t num_rows() const;

  absl::Span<const float> floats() const { return floats_; }
  absl::Span<float> floats() { return absl::MakeSpan(floats_); }
  absl::Span<const int32_t> ints() const { return ints_; }
  absl::Span<int32_t> ints() { return absl::MakeSpan(ints_); }

  // The same elements under another shape of equal size.
  HostTensor Reshaped(std::vector<int64_t> shape) const;
  // The same values in another float type, rounded to it; i32 widens to f32.
  HostTensor Cast(DType dtype) const;
  // Rounds every value to the tensor's dtype: the last step of any computation in f32.
  void RoundToDType();

 private:
  DType dtype_ = DType::kF32;
  std::vector<int64_t> shape_;
  std::vector<float> floats_;
  std::vector<int32_t> ints_;
};

// `value` rounded to `dtype` (f32, f16, bf16) and widened again.
float RoundTo(DType dtype, float value);

// "f32[2, 3]", for messages.
std::string Describe(const HostTensor& tensor);

}  // namespace lathe
