#include "compiler/pipeline/diagnostics.h"

#include "absl/strings/str_cat.h"

namespace lathe {

std::string LocationText(mlir::Location location) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(location)) return name.getName().str();
  if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(location)) {
    return absl::StrCat(file.getFilename().str(), ":", file.getLine(), ":", file.getColumn());
  }
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(location)) {
    for (mlir::Location part : fused.getLocations()) {
      std::string text = LocationText(part);
      if (!text.empty()) return text;
    }
  }
  return "";
}

DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext* context)
    : handler_(context, [this](mlir::Diagnostic& diagnostic) {
        if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) return mlir::failure();
        // One mistake can fail in every layer: the first few say it.
        if (++num_errors_ > kMaxErrors) return mlir::success();
        std::string where = LocationText(diagnostic.getLocation());
        absl::StrAppend(&errors_, errors_.empty() ? "" : "\n", where, where.empty() ? "" : ": ",
                        diagnostic.str());
        for (const mlir::Diagnostic& note : diagnostic.getNotes())
          absl::StrAppend(&errors_, "\n  note: ", note.str());
        return mlir::success();
      }) {}

absl::Status DiagnosticCollector::ToStatus(absl::string_view fallback) const {
  if (errors_.empty()) return absl::InternalError(fallback);
  if (num_errors_ > kMaxErrors) {
    return absl::InvalidArgumentError(
        absl::StrCat(errors_, "\n", num_errors_ - kMaxErrors, " more errors"));
  }
  return absl::InvalidArgumentError(errors_);
}

}  // namespace lathe
