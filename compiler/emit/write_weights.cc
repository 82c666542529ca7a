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

namespace lathe {
namespace {

uint64_t BytesOf(const WeightEntry& entry) {
  if (auto format = WeightFormatNamed(entry.layout)) {
    return static_cast<uint64_t>(
        PackedWeightBytes(*format, entry.type.getDimSize(0), entry.type.getDimSize(1)));
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

// `constant` holds the numbers of a constant for as long as the view lives.
absl::StatusOr<TensorView> Find(const WeightEntry& entry, const TensorSource& source,
                                std::string& constant) {
  TensorView view{DType::kF32, {entry.type.getShape().begin(), entry.type.getShape().end()}, {}};
  if (!entry.constant) {
    const TensorView* found = source.Find(entry.name);
    if (found == nullptr)
      return absl::NotFoundError(absl::StrCat(entry.name, ": the checkpoint has no such tensor"));
    if (found->shape != view.shape) {
      return absl::InvalidArgumentError(absl::StrCat(source.Origin(entry.name), ": ", entry.name,
                                                     " is ", Describe(*found),
                                                     ", the module declares ", Describe(view)));
    }
    return *found;
  }
  constant.resize(BytesOf(entry));
  size_t i = 0;
  for (const llvm::APFloat& value : entry.constant.getValues<llvm::APFloat>()) {
    float number = value.convertToFloat();
    std::memcpy(constant.data() + 4 * i++, &number, 4);
  }
  view.bytes = constant;
  return view;
}

// Puts `tensor` into `out` as `entry` says, and what that lost into `weight`.
absl::Status Pack(const WeightEntry& entry, const TensorView& tensor, int threads,
                  absl::Span<char> out, artifact::Weight& weight) {
  std::optional<WeightFormat> format = WeightFormatNamed(entry.layout);
  if (format && QuantOf(*format)) {
    LATHE_ASSIGN_OR_RETURN(QuantError error, QuantizeWeight(tensor, *format, threads, out));
    weight.set_relative_error(error.Relative());
    return absl::OkStatus();
  }
  if (format) return PackWeight(tensor, *format, threads, out);
  Storage storage = entry.type.getElementType().isBF16() ? Storage::kBF16 : Storage::kF32;
  return PackRows(tensor, storage, threads, out);
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
    std::string constant;
    LATHE_ASSIGN_OR_RETURN(TensorView tensor, Find(entry, source, constant));
    absl::Span<char> out(buffer.get(), BytesOf(entry));
    artifact::Weight& weight = written.emplace_back();
    LATHE_RETURN_IF_ERROR(Pack(entry, tensor, threads, out, weight), entry.name);
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
