// The weights of an artifact: which tensors, in which layout, in which order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace lathe {

struct WeightEntry {
  std::string name;  // checkpoint path, or the name of a constant
  std::string layout;
  mlir::RankedTensorType type;       // as stored
  mlir::DenseElementsAttr constant;  // the value of a constant; null for a weight of the checkpoint
};

// Entries stand in the order of their first use, so that a step reads the file from front to back.
class WeightTable {
 public:
  // The index of `entry`, added when it is new. Internal when it is known with another layout or
  // type: each weight is stored once.
  absl::StatusOr<uint32_t> Add(const WeightEntry& entry);
  const std::vector<WeightEntry>& entries() const { return entries_; }

 private:
  std::vector<WeightEntry> entries_;
  std::map<std::string, uint32_t> index_;
};

}  // namespace lathe
