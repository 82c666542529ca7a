// One safetensors file, mapped: its header is parsed and every rule of the format is checked, its
// data is not touched.
//   LATHE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open("model.safetensors"));
//   const TensorView* weight = file.Find("model.norm.weight");
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// Longer headers are refused, as the reference implementation does.
inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;
// Far above any real tensor; keeps a hostile header from filling memory with extents.
inline constexpr size_t kMaxSafetensorsRank = 16;

struct SafetensorsTensor {
  std::string name;
  TensorView view;
  uint64_t offset = 0;  // of the first byte, from the start of the data section
};

struct SafetensorsContent {
  std::vector<SafetensorsTensor> tensors;                     // in the order of their data
  std::vector<std::pair<std::string, std::string>> metadata;  // in the order of the header
};

// Checks every rule over the bytes of a whole file; the views point into them. Errors: DataLoss
// when the file is shorter than its header says, InvalidArgument for every other broken rule. Each
// message names `origin` and, where there is one, the tensor.
absl::StatusOr<SafetensorsContent> ReadSafetensors(absl::string_view bytes,
                                                   absl::string_view origin);

class SafetensorsFile {
 public:
  // Errors: those of MappedFile::Open and ReadSafetensors, with the path.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  const std::string& path() const { return file_.path(); }
  // In the order of their data.
  const std::vector<SafetensorsTensor>& tensors() const { return content_.tensors; }
  // The tensor called `name`, or null. Views stay valid as long as the file, also when it is moved.
  const TensorView* Find(absl::string_view name) const;
  // __metadata__, in the file's order.
  const std::vector<std::pair<std::string, std::string>>& metadata() const {
    return content_.metadata;
  }
  const MappedFile& file() const { return file_; }

 private:
  explicit SafetensorsFile(MappedFile file) : file_(std::move(file)) {}

  MappedFile file_;
  SafetensorsContent content_;
  absl::flat_hash_map<std::string, size_t> index_;  // name -> place in tensors()
};

}  // namespace lathe
