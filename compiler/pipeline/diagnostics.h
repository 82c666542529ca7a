// MLIR diagnostics as absl::Status: the one place where the two meet.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

namespace lathe {

// While it lives, errors reported to the context are kept instead of printed, with their notes and
// locations.
class DiagnosticCollector {
 public:
  explicit DiagnosticCollector(mlir::MLIRContext* context);

  bool has_error() const { return !errors_.empty(); }
  // InvalidArgument with every error so far, one a line, or `fallback` when a pass failed without a
  // word.
  absl::Status ToStatus(absl::string_view fallback) const;

 private:
  static constexpr int kMaxErrors = 5;

  std::string errors_;
  int num_errors_ = 0;
  mlir::ScopedDiagnosticHandler handler_;
};

// "model.layers.3.self_attn.q_proj" or "file.mlir:3:7": where an op comes from, for messages.
std::string LocationText(mlir::Location location);

}  // namespace lathe
