#include "runtime/base/weight_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

absl::Status Wrong(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("weight ", Quoted(name), " ", what));
}

// "0:768" of "[0:768]".
absl::StatusOr<WeightName::Rows> ParseRows(absl::string_view name, absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  WeightName::Rows rows;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &rows.begin) ||
      !absl::SimpleAtoi(parts[1], &rows.end) || rows.begin < 0 || rows.end <= rows.begin) {
    return Wrong(name, "has brackets, expected [first row:row behind the last]");
  }
  return rows;
}

// Matrix `index` of a tensor [E, N, K], or its rows `rows`.
absl::StatusOr<TensorView> PartOf(const TensorView& tensor, const WeightName& name, int64_t index) {
  if (tensor.shape.size() != 3 || index >= tensor.shape[0] || name.rows->end > tensor.shape[1]) {
    return absl::InvalidArgumentError(absl::StrCat(name.tensor, ": ", Describe(tensor),
                                                   ", expected at least matrix ", index, " with ",
                                                   name.rows->end, " rows"));
  }
  const auto row_bytes =
      static_cast<uint64_t>(tensor.shape[2]) * static_cast<uint64_t>(ByteSize(tensor.dtype));
  const auto first = static_cast<uint64_t>(index * tensor.shape[1] + name.rows->begin);
  const int64_t num_rows = name.rows->end - name.rows->begin;
  return TensorView{
      tensor.dtype,
      {num_rows, tensor.shape[2]},
      tensor.bytes.substr(first * row_bytes, static_cast<uint64_t>(num_rows) * row_bytes)};
}

}  // namespace

absl::StatusOr<WeightName> WeightName::Parse(absl::string_view name) {
  WeightName parsed;
  const size_t bracket = name.find('[');
  parsed.tensor = std::string(name.substr(0, bracket));
  if (bracket != absl::string_view::npos) {
    if (name.back() != ']') return Wrong(name, "has an open bracket");
    LATHE_ASSIGN_OR_RETURN(parsed.rows,
                           ParseRows(name, name.substr(bracket + 1, name.size() - bracket - 2)));
  }
  const size_t star = parsed.tensor.find('*');
  if (star != std::string::npos && parsed.tensor.find('*', star + 1) != std::string::npos)
    return Wrong(name, "has two *, expected one at most");
  if (star != std::string::npos && parsed.rows.has_value())
    return Wrong(name, "has a * and a range, expected one of them");
  return parsed;
}

std::string WeightName::TensorOf(int64_t index) const {
  const size_t star = tensor.find('*');
  if (star == std::string::npos) return tensor;
  return absl::StrCat(tensor.substr(0, star), index, tensor.substr(star + 1));
}

absl::StatusOr<TensorView> FindPart(const TensorSource& source, absl::string_view name,
                                    int64_t index) {
  LATHE_ASSIGN_OR_RETURN(const WeightName parsed, WeightName::Parse(name));
  const std::string tensor_name = parsed.TensorOf(index);
  const TensorView* tensor = source.Find(tensor_name);
  if (tensor == nullptr) {
    return absl::NotFoundError(absl::StrCat("weight ", tensor_name, " is not in the checkpoint"));
  }
  if (!parsed.rows.has_value()) return *tensor;
  LATHE_ASSIGN_OR_RETURN(TensorView part, PartOf(*tensor, parsed, index),
                         source.Origin(tensor_name));
  return part;
}

absl::StatusOr<std::vector<SourceTensor>> SourceTensors(absl::string_view name,
                                                        absl::Span<const int64_t> shape) {
  LATHE_ASSIGN_OR_RETURN(const WeightName parsed, WeightName::Parse(name));
  std::vector<int64_t> whole(shape.begin(), shape.end());
  if (!parsed.is_stack()) {
    if (parsed.rows.has_value() && whole.size() == 3) whole[1] = parsed.rows->end;
    return std::vector<SourceTensor>{{parsed.tensor, whole}};
  }
  if (whole.empty()) return Wrong(name, "is a stack, but a scalar");
  std::vector<SourceTensor> tensors;
  for (int64_t i = 0; i < shape[0]; ++i)
    tensors.push_back({parsed.TensorOf(i), {whole.begin() + 1, whole.end()}});
  return tensors;
}

}  // namespace lathe
