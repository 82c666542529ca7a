#include "compiler/emit/write_weights.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_weights.h"
#include "compiler/emit/quantize_weights.h"
#include "ops/core/extent.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/weight_name.h"

namespace lathe {
namespace {

// Matrices that are packed one after the other: one, or those of all experts.
int64_t NumMatrices(const WeightEntry& entry) {
  return entry.type.getRank() == 3 ? entry.type.getDimSize(0) : 1;
}

uint64_t BytesOf(const WeightEntry& entry) {
  if (auto format = WeightFormatNamed(entry.layout)) {
    const llvm::ArrayRef<int64_t> matrix = entry.type.getShape().take_back(2);
    return static_cast<uint64_t>(NumMatrices(entry) *
                                 PackedWeightBytes(*format, matrix[0], matrix[1]));
  }
  return static_cast<uint64_t>(entry.type.getNumElements()) * entry.type.getElementTypeBitWidth() /
         8;
}

artifact::DType DTypeOfEntry(const WeightEntry& entry) {
  if (GroupQuantOf(entry.type)) return artifact::U8;
  mlir::Type element = entry.type.getElementType();
  LATHE_CHECK(element.isF32() || element.isBF16() || element.isInteger(32)) << entry.name;
  return element.isF32() ? artifact::F32 : element.isBF16() ? artifact::BF16 : artifact::I32;
}

// The numbers of a constant.
std::string ConstantBytes(const WeightEntry& entry) {
  std::string bytes(BytesOf(entry), '\0');
  size_t i = 0;
  for (const llvm::APFloat& value : entry.constant.getValues<llvm::APFloat>()) {
    float number = value.convertToFloat();
    std::memcpy(bytes.data() + 4 * i++, &number, 4);
  }
  return bytes;
}

// Matrix `index` of the weight; of one that is no stack of matrices all, and index is 0.
absl::StatusOr<TensorView> FindMatrix(const WeightEntry& entry, const TensorSource& source,
                                      int64_t index) {
  LATHE_ASSIGN_OR_RETURN(const TensorView found, FindPart(source, entry.name, index));
  llvm::ArrayRef<int64_t> shape = entry.type.getShape();
  if (shape.size() == 3) shape = shape.drop_front();
  if (llvm::ArrayRef<int64_t>(found.shape) == shape) return found;
  const TensorView declared{DType::kF32, shape.vec(), {}};
  LATHE_ASSIGN_OR_RETURN(const WeightName name, WeightName::Parse(entry.name));
  const std::string tensor = name.TensorOf(index);
  return absl::InvalidArgumentError(absl::StrCat(source.Origin(tensor), ": ", tensor, " is ",
                                                 Describe(found), ", the module declares ",
                                                 Describe(declared)));
}

// Puts `tensor` into `out` as `entry` says, and adds to `error` what that lost.
absl::Status PackMatrix(const WeightEntry& entry, const TensorView& tensor, int threads,
                        absl::Span<char> out, QuantError& error) {
  std::optional<WeightFormat> format = WeightFormatNamed(entry.layout);
  if (format && QuantOf(*format)) {
    LATHE_ASSIGN_OR_RETURN(QuantError lost, QuantizeWeight(tensor, *format, threads, out));
    error += lost;
    return absl::OkStatus();
  }
  if (format) return PackWeight(tensor, *format, threads, out);
  Storage storage = entry.type.getElementType().isBF16() ? Storage::kBF16 : Storage::kF32;
  return PackRows(tensor, storage, threads, out);
}

absl::Status Pack(const WeightEntry& entry, const TensorSource& source, int threads,
                  absl::Span<char> out, artifact::Weight& weight) {
  QuantError error;
  if (entry.constant) {
    const std::string bytes = ConstantBytes(entry);
    const TensorView tensor{DType::kF32, entry.type.getShape().vec(), bytes};
    return PackMatrix(entry, tensor, threads, out, error);
  }
  const size_t matrix_bytes = out.size() / static_cast<size_t>(NumMatrices(entry));
  for (int64_t i = 0; i < NumMatrices(entry); ++i) {
    LATHE_ASSIGN_OR_RETURN(const TensorView tensor, FindMatrix(entry, source, i));
    LATHE_RETURN_IF_ERROR(
        PackMatrix(entry, tensor, threads,
                   out.subspan(static_cast<size_t>(i) * matrix_bytes, matrix_bytes), error));
  }
  if (GroupQuantOf(entry.type)) weight.set_relative_error(error.Relative());
  return absl::OkStatus();
}

}  // namespace

uint64_t StoredBytes(const WeightTable& table) {
  uint64_t bytes = 0;
  for (const WeightEntry& entry : table.entries()) bytes += BytesOf(entry);
  return bytes;
}

absl::StatusOr<std::vector<artifact::Weight>> WriteWeights(const WeightTable& table,
                                                           const TensorSource& source, int threads,
                                                           const Progress& progress,
                                                           ArtifactWriter& writer) {
  const uint64_t total = StoredBytes(table);
  uint64_t largest = 0;
  for (const WeightEntry& entry : table.entries()) largest = std::max(largest, BytesOf(entry));
  // Not initialised: packing writes every byte, and the largest tensor may have gigabytes.
  std::unique_ptr<char[]> buffer(new char[largest]);
  LATHE_RETURN_IF_ERROR(writer.BeginSection(kWeightsSection, /*lazy=*/true));
  std::vector<artifact::Weight> written;
  uint64_t done = 0;
  for (const WeightEntry& entry : table.entries()) {
    absl::Span<char> out(buffer.get(), BytesOf(entry));
    artifact::Weight& weight = written.emplace_back();
    LATHE_RETURN_IF_ERROR(Pack(entry, source, threads, out, weight), entry.name);
    weight.set_name(entry.name);
    weight.set_dtype(DTypeOfEntry(entry));
    weight.mutable_shape()->Assign(entry.type.getShape().begin(), entry.type.getShape().end());
    weight.set_layout(entry.layout);
    LATHE_RETURN_IF_ERROR(
        writer.AddWeight(weight, absl::string_view(out.data(), out.size())).status());
    weight.set_size(out.size());
    done += out.size();
    if (progress) progress(done, total);
  }
  LATHE_RETURN_IF_ERROR(writer.EndSection());
  return written;
}

}  // namespace lathe
