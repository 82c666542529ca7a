// The JSON header of a safetensors file: parsing into a list of entries, without any look at the
// data.
//   LATHE_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(json,
//   "model.safetensors"));
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/dtype.h"

namespace lathe {

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // offsets into the data section
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the header's order
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Checks what concerns one entry alone: known fields, each once and of the right type, known dtype,
// bounded rank. InvalidArgument with `origin` and the tensor's name otherwise; wrong JSON is
// reported with its position.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json,
                                                         absl::string_view origin);

}  // namespace lathe
