// lathe check --quality: what a way of storing weights costs, measured on a text.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/passes/storage_policy.h"
#include "tools/lathe/load_model.h"

namespace lathe {

struct QualityCheck {
  LoadOptions load;
  bool allow_unused = false;
  StoragePolicy variant = {};  // the reference is the same without its words for weights
  std::string text_file;
  int64_t tokens = 2048;
  int64_t window = 256;
  int threads = 1;
};

// Compiles reference and variant into a temporary folder, runs both over the text and returns the
// table. Says on stderr what it is at.
absl::StatusOr<std::string> CheckQuality(const QualityCheck& check);

}  // namespace lathe
