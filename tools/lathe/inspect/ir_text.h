// The module after a phase, as the artifact keeps it: whole, without locations, or one dispatch of
// it.
//   LATHE_ASSIGN_OR_RETURN(absl::string_view text, IrSection(artifact, "fuse"));
//   LATHE_ASSIGN_OR_RETURN(std::string cut, DispatchIr(artifact, "lower",
//   "model.layers.0.mlp.down_proj", ""));
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe {

struct IrModule {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

// The phases whose IR the artifact keeps, in the order in which they ran.
std::vector<std::string> PhasesOf(const artifact::Manifest& manifest);

// NotFound names the phases that there are.
absl::StatusOr<absl::string_view> IrSection(const Artifact& artifact, const std::string& phase);
// Also InvalidArgument for text that is no module or breaks the contract of the phase.
absl::StatusOr<IrModule> ParseIr(const Artifact& artifact, const std::string& phase);

// Half of a dump is locations, which a reader seldom wants: "#loc3 = ..." lines and " loc(#loc3)".
std::string WithoutLocations(absl::string_view text);

// What phase `phase` made of the dispatch called `name`: from fuse on its region, after lower also
// its kernels, those of `level` alone unless that is empty; before fuse the ops that are in it
// later. Numbered within itself, so that two phases can be compared line by line. NotFound says the
// nearest name.
absl::StatusOr<std::string> DispatchIr(const Artifact& artifact, const std::string& phase,
                                       const std::string& name, const std::string& level);

}  // namespace lathe
