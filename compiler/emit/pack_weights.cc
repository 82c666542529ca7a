#include "compiler/emit/pack_weights.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls work(begin, end) on contiguous parts of [0, count).
template <typename Work>
void SplitOverThreads(int64_t count, int threads, const Work& work) {
  const int64_t parts = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  std::vector<std::thread> workers;
  for (int64_t part = 1; part < parts; ++part) {
    workers.emplace_back(work, count * part / parts, count * (part + 1) / parts);
  }
  work(0, count / parts);
  for (std::thread& worker : workers) worker.join();
}

absl::Status CheckDType(const TensorView& tensor) {
  if (tensor.dtype == DType::kF32 || tensor.dtype == DType::kBF16 || tensor.dtype == DType::kF16) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("a weight of ", Describe(tensor),
                                                 " cannot be packed; expected F32, F16 or BF16"));
}

absl::Status CheckSize(size_t got, size_t expected, absl::string_view what) {
  if (got == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " has ", got, " bytes, expected ", expected));
}

// Words [count] of each of up to 16 rows, side by side: out[i][row]. Rows that are not there become
// zero.
void Interleave(const char* const* rows, int64_t num_rows, int64_t count, char* out) {
  if (num_rows == kLanes) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t row = 0; row < kLanes; ++row) {
        std::memcpy(out + (i * kLanes + row) * 4, rows[row] + i * 4, 4);
      }
    }
    return;
  }
  std::memset(out, 0, static_cast<size_t>(count * kLanes * 4));
  for (int64_t row = 0; row < num_rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(out + (i * kLanes + row) * 4, rows[row] + i * 4, 4);
    }
  }
}

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
  const int64_t words = CeilDiv(row_bytes, 4);
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
  Interleave(rows, num_rows, words, out);
}

Storage StorageOf(WeightFormat format) {
  return format == WeightFormat::kF32 ? Storage::kF32 : Storage::kBF16;
}

}  // namespace

absl::Status PackWeight(const TensorView& weight, WeightFormat format, int threads,
                        absl::Span<char> out) {
  LATHE_RETURN_IF_ERROR(CheckDType(weight));
  if (weight.shape.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("a weight of ", Describe(weight), " cannot be packed; expected two extents"));
  }
  LATHE_RETURN_IF_ERROR(
      CheckSize(weight.bytes.size(),
                static_cast<size_t>(weight.num_elements()) * ByteSize(weight.dtype), "the weight"));
  LATHE_RETURN_IF_ERROR(CheckSize(
      out.size(), static_cast<size_t>(PackedWeightBytes(format, weight.shape[0], weight.shape[1])),
      "the packed weight"));
  const int64_t block_bytes = PackedWeightBytes(format, kLanes, weight.shape[1]);
  SplitOverThreads(CeilDiv(weight.shape[0], kLanes), threads, [&](int64_t begin, int64_t end) {
    std::vector<char> buffer;
    for (int64_t block = begin; block < end; ++block) {
      PackBlock(weight, block, StorageOf(format), buffer, out.data() + block * block_bytes);
    }
  });
  return absl::OkStatus();
}

absl::Status PackRows(const TensorView& tensor, Storage storage, int threads,
                      absl::Span<char> out) {
  LATHE_RETURN_IF_ERROR(CheckDType(tensor));
  const int64_t count = tensor.num_elements();
  LATHE_RETURN_IF_ERROR(CheckSize(
      tensor.bytes.size(), static_cast<size_t>(count) * ByteSize(tensor.dtype), "the tensor"));
  LATHE_RETURN_IF_ERROR(
      CheckSize(out.size(), static_cast<size_t>(count * ByteSize(storage)), "the copy"));
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
  LATHE_CHECK(static_cast<int64_t>(packed.size()) == PackedWeightBytes(format, columns, inner) &&
              static_cast<int64_t>(out.size()) == columns * inner)
      << packed.size() << " packed bytes, " << out.size() << " elements";
  const int64_t block_bytes = PackedWeightBytes(format, kLanes, inner);
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
