#include "compiler/emit/pack_blocks.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status CheckSize(size_t got, size_t expected, absl::string_view what) {
  if (got == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " has ", got, " bytes, expected ", expected));
}

}  // namespace

absl::Status CheckTensor(const TensorView& tensor) {
  if (tensor.dtype != DType::kF32 && tensor.dtype != DType::kBF16 && tensor.dtype != DType::kF16) {
    return absl::InvalidArgumentError(absl::StrCat("a weight of ", Describe(tensor),
                                                   " cannot be packed; expected F32, F16 or BF16"));
  }
  return CheckSize(tensor.bytes.size(),
                   static_cast<size_t>(tensor.num_elements()) * ByteSize(tensor.dtype),
                   "the tensor");
}

absl::Status CheckPackable(const TensorView& tensor, WeightFormat format, size_t out_bytes) {
  if (tensor.shape.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("a weight of ", Describe(tensor), " cannot be packed; expected two extents"));
  }
  LATHE_RETURN_IF_ERROR(CheckTensor(tensor));
  return CheckSize(out_bytes,
                   static_cast<size_t>(PackedWeightBytes(format, tensor.shape[0], tensor.shape[1])),
                   "the packed weight");
}

void Interleave(absl::Span<const char* const> rows, int64_t count, char* out) {
  if (rows.size() == kBlockColumns) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t row = 0; row < kBlockColumns; ++row) {
        std::memcpy(out + (i * kBlockColumns + row) * 4, rows[row] + i * 4, 4);
      }
    }
    return;
  }
  std::memset(out, 0, static_cast<size_t>(count * kBlockColumns * 4));
  for (size_t row = 0; row < rows.size(); ++row) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(out + (i * kBlockColumns + static_cast<int64_t>(row)) * 4, rows[row] + i * 4, 4);
    }
  }
}

}  // namespace lathe
