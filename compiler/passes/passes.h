// The passes over the lathe dialect, in the order of the phases that run them
// (compiler/pipeline/pipeline.cc). Each .cc holds one pass and says what it does and why; its flag
// for `lathe opt` is the pass's name in kebab case.
#pragma once

#include <memory>

#include "compiler/passes/storage_policy.h"
#include "mlir/Pass/Pass.h"

namespace lathe {

// normalize: canonical form; then nothing is left that the graph level does not know, and every
// dynamic extent has a known symbol.
std::unique_ptr<mlir::Pass> CreateNormalizeGraphPass();

// place: puts the program on a mesh of devices. One device so far: the mesh is recorded, nothing is
// sharded.
std::unique_ptr<mlir::Pass> CreatePlaceOnMeshPass();

// quantize: chooses how weights and caches are stored.
std::unique_ptr<mlir::Pass> CreateChooseStoragePass(const StoragePolicy& policy = {});

// fuse: groups ops into dispatches.
std::unique_ptr<mlir::Pass> CreateFormDispatchesPass();

// plan: replaces calls of layer functions by their bodies, dispatch names get the path of the call.
std::unique_ptr<mlir::Pass> CreateInlineLayersPass();

// Makes the passes above known to `lathe opt`.
void RegisterPasses();

}  // namespace lathe
