#include "ops/core/host_tensor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"

namespace lathe {
namespace {

bool IsNumber(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kI32;
}

int64_t Product(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

}  // namespace

HostTensor::HostTensor(DType dtype, std::vector<int64_t> shape)
    : dtype_(dtype), shape_(std::move(shape)) {
  LATHE_CHECK(IsNumber(dtype)) << "no host tensor of " << DTypeName(dtype);
  if (dtype == DType::kI32) {
    ints_.resize(num_elements());
  } else {
    floats_.resize(num_elements());
  }
}

HostTensor HostTensor::Floats(std::vector<int64_t> shape, std::vector<float> values) {
  HostTensor tensor;
  tensor.shape_ = std::move(shape);
  tensor.floats_ = std::move(values);
  LATHE_CHECK(static_cast<int64_t>(tensor.floats_.size()) == tensor.num_elements())
      << Describe(tensor) << " of " << tensor.floats_.size() << " values";
  return tensor;
}

HostTensor HostTensor::Ints(std::vector<int64_t> shape, std::vector<int32_t> values) {
  HostTensor tensor;
  tensor.dtype_ = DType::kI32;
  tensor.shape_ = std::move(shape);
  tensor.ints_ = std::move(values);
  LATHE_CHECK(static_cast<int64_t>(tensor.ints_.size()) == tensor.num_elements())
      << Describe(tensor) << " of " << tensor.ints_.size() << " values";
  return tensor;
}

absl::StatusOr<HostTensor> HostTensor::FromView(const TensorView& view) {
  if (!IsNumber(view.dtype)) {
    return absl::UnimplementedError(absl::StrCat(
        "the references compute in F32, F16, BF16 and I32, not in ", DTypeName(view.dtype)));
  }
  HostTensor tensor(view.dtype, view.shape);
  if (view.dtype == DType::kI32) {
    std::copy_n(view.bytes.data(), tensor.ints_.size() * sizeof(int32_t),
                reinterpret_cast<char*>(tensor.ints_.data()));
  } else {
    ConvertToF32(view.dtype, view.bytes.data(), tensor.floats());
  }
  return tensor;
}

int64_t HostTensor::num_elements() const { return Product(shape_); }

int64_t HostTensor::num_rows() const {
  int64_t rows = 1;
  for (size_t axis = 0; axis + 1 < shape_.size(); ++axis) rows *= shape_[axis];
  return rows;
}

HostTensor HostTensor::Reshaped(std::vector<int64_t> shape) const {
  LATHE_CHECK(Product(shape) == num_elements())
      << Describe(*this) << " reshaped to [" << absl::StrJoin(shape, ", ") << "]";
  HostTensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

HostTensor HostTensor::Cast(DType dtype) const {
  LATHE_CHECK(IsFloat(dtype)) << "cast to " << DTypeName(dtype);
  HostTensor result(dtype, shape_);
  for (size_t i = 0; i < result.floats_.size(); ++i) {
    result.floats_[i] = dtype_ == DType::kI32 ? static_cast<float>(ints_[i]) : floats_[i];
  }
  result.RoundToDType();
  return result;
}

void HostTensor::RoundToDType() {
  if (dtype_ == DType::kF32 || dtype_ == DType::kI32) return;
  for (float& value : floats_) value = RoundTo(dtype_, value);
}

float RoundTo(DType dtype, float value) {
  if (dtype == DType::kBF16) return BF16ToF32(F32ToBF16(value));
  if (dtype == DType::kF16) return F16ToF32(F32ToF16(value));
  LATHE_CHECK(dtype == DType::kF32) << "rounding to " << DTypeName(dtype);
  return value;
}

std::string Describe(const HostTensor& tensor) {
  return absl::StrCat(DTypeName(tensor.dtype()), "[", absl::StrJoin(tensor.shape(), ", "), "]");
}

}  // namespace lathe
