// The caches of a step in both worlds, with the same random keys and values: as pages for a program
// and row by row for the interpreter.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinOps.h"
#include "ops/core/kv_state.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/program/step_bindings.h"
#include "runtime/state/kv_cache.h"
#include "tools/lathe/bench/step_operands.h"

namespace lathe {

class CacheState {
 public:
  // Room for the sequences of `step` in each cache group of `manifest`, filled. ResourceExhausted
  // for more than memory holds.
  static absl::StatusOr<CacheState> Make(const artifact::Manifest& manifest,
                                         const StepOperands& step, uint64_t seed);

  // Copies what a layer of a group holds into the interpreter's state.
  absl::Status CopyTo(const KvHandle& layer, KvState& state) const;
  // The largest difference between the layer's rows and those of `state`, and the largest number
  // there: the step's own rows are where kv_write writes.
  struct Difference {
    double error = 0;
    double largest = 0;
  };
  absl::StatusOr<Difference> Compare(const KvHandle& layer, const KvState& state) const;

  std::vector<KvBinding> Bindings() const;
  // The row lengths of the page tables under the symbols by which the manifest asks for them.
  std::vector<SymbolBinding> SymbolBindings() const;

 private:
  struct Group {
    KvCache cache;
    std::vector<PageList> pages;  // of each sequence
    PageTable table;
    std::string max_pages_symbol;
  };
  absl::StatusOr<const Group*> Find(const std::string& name) const;

  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<int64_t> lengths_;
};

}  // namespace lathe
