#include "compiler/emit/pack_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_blocks.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// `count` elements from `index` on, as bf16 or f32.
void ConvertElements(const TensorView& tensor, int64_t index, int64_t count, Storage storage,
                     char* out) {
  for (int64_t i = 0; i < count; ++i) {
    const float value =
        LoadAsF32(tensor.dtype, tensor.bytes.data(), static_cast<size_t>(index + i));
    if (storage == Storage::kF32) {
      std::memcpy(out + i * 4, &value, 4);
    } else {
      const uint16_t bits = F32ToBF16(value);
      std::memcpy(out + i * 2, &bits, 2);
    }
  }
}

bool IsStoredAs(DType dtype, Storage storage) {
  return dtype == (storage == Storage::kF32 ? DType::kF32 : DType::kBF16);
}

// One block of 16 columns: rows [first, first + kLanes) of the weight.
void PackBlock(const TensorView& weight, int64_t block, Storage storage, std::vector<char>& buffer,
               char* out) {
  const int64_t inner = weight.shape[1];
  const int64_t first = block * kLanes;
  const int64_t num_rows = std::min(kLanes, weight.shape[0] - first);
  const int64_t row_bytes = inner * ByteSize(storage);
  const int64_t words = (row_bytes + 3) / 4;
  const char* rows[kLanes];
  // An odd number of bf16 needs its last word padded, and other types need conversion: both by way
  // of the buffer.
  const bool direct = IsStoredAs(weight.dtype, storage) && row_bytes % 4 == 0;
  if (!direct) buffer.assign(static_cast<size_t>(kLanes * words * 4), 0);
  for (int64_t row = 0; row < num_rows; ++row) {
    if (direct) {
      rows[row] = weight.bytes.data() + (first + row) * row_bytes;
    } else {
      char* converted = buffer.data() + row * words * 4;
      ConvertElements(weight, (first + row) * inner, inner, storage, converted);
      rows[row] = converted;
    }
  }
  Interleave(absl::MakeConstSpan(rows, static_cast<size_t>(num_rows)), words, out);
}

Storage StorageOf(WeightFormat format) {
  return format == WeightFormat::kF32 ? Storage::kF32 : Storage::kBF16;
}

}  // namespace

absl::Status PackWeight(const TensorView& weight, WeightFormat format, int threads,
                        absl::Span<char> out) {
  LATHE_CHECK(!QuantOf(format)) << LayoutName(format) << " is packed by QuantizeWeight";
  LATHE_RETURN_IF_ERROR(CheckPackable(weight, format, out.size()));
  const int64_t block_bytes = PackedBlockBytes(format, weight.shape[1]);
  SplitOverThreads(NumBlocks(weight.shape[0]), threads, [&](int64_t begin, int64_t end) {
    std::vector<char> buffer;
    for (int64_t block = begin; block < end; ++block) {
      PackBlock(weight, block, StorageOf(format), buffer, out.data() + block * block_bytes);
    }
  });
  return absl::OkStatus();
}

absl::Status PackRows(const TensorView& tensor, Storage storage, int threads,
                      absl::Span<char> out) {
  LATHE_RETURN_IF_ERROR(CheckTensor(tensor));
  const int64_t count = tensor.num_elements();
  if (static_cast<int64_t>(out.size()) != count * ByteSize(storage)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the copy has ", out.size(), " bytes, expected ", count * ByteSize(storage)));
  }
  const int64_t size = ByteSize(storage);
  SplitOverThreads(count, threads, [&](int64_t begin, int64_t end) {
    if (IsStoredAs(tensor.dtype, storage)) {
      std::memcpy(out.data() + begin * size, tensor.bytes.data() + begin * size,
                  static_cast<size_t>((end - begin) * size));
    } else {
      ConvertElements(tensor, begin, end - begin, storage, out.data() + begin * size);
    }
  });
  return absl::OkStatus();
}

void UnpackWeight(absl::Span<const char> packed, WeightFormat format, int64_t columns,
                  int64_t inner, absl::Span<float> out) {
  LATHE_CHECK(!QuantOf(format)) << LayoutName(format) << " is unpacked by UnpackQuantizedWeight";
  LATHE_CHECK(static_cast<int64_t>(packed.size()) == PackedWeightBytes(format, columns, inner) &&
              static_cast<int64_t>(out.size()) == columns * inner)
      << packed.size() << " packed bytes, " << out.size() << " elements";
  const int64_t block_bytes = PackedBlockBytes(format, inner);
  for (int64_t n = 0; n < columns; ++n) {
    const char* block = packed.data() + n / kLanes * block_bytes;
    for (int64_t k = 0; k < inner; ++k) {
      const int64_t lane = n % kLanes;
      out[static_cast<size_t>(n * inner + k)] =
          format == WeightFormat::kF32
              ? LoadAsF32(DType::kF32, block, static_cast<size_t>(k * kLanes + lane))
              : LoadAsF32(DType::kBF16, block,
                          static_cast<size_t>((k / 2 * kLanes + lane) * 2 + k % 2));
    }
  }
}

}  // namespace lathe
