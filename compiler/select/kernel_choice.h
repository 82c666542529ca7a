// A kernel for a dispatch: what to emit, and how the dispatch's values become the kernel's
// operands.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/matmul_tiling.h"
#include "ops/core/sym_expr.h"
#include "runtime/base/arithmetic_unit.h"

namespace lathe {

// One pointer that the kernel receives, in the kernel's order.
struct Binding {
  enum class Kind {
    kInput,  // operand `index` of the dispatch: an activation, an input of the entry, a constant or
             // a weight
    kOutput,     // result `index` of the dispatch
    kPool,       // the pages of the cache layer that is operand `index`
    kPageTable,  // the page table of that cache layer's group
  };
  Kind kind = Kind::kInput;
  int64_t index = 0;
  std::string layout = "rows";  // of a weight: how the kernel reads it
  bool is_written = false;
};

// coefficient * ceil(symbols / divisor) work items.
struct ItemCount {
  SymExpr units = SymExpr(1);  // what is divided: rows, or 1
  int64_t divisor = 1;
  int64_t coefficient = 1;
};

struct KernelChoice {
  // Everything that shapes the code, as text: equal keys are equal kernels. Shown by inspect.
  std::string key;
  std::vector<Binding> bindings;
  std::vector<SymExpr>
      dims;  // the symbol max_pages stands for the row length of the page table that is bound
  ItemCount items;
  int64_t scratch_bytes = 0;
  // The tile in force on a level; null for kernels that have none to choose.
  std::function<MatmulTiling(const CpuLevel& level)> tiling;
  // What the model of tiles says on a level, a line each; null as `tiling`.
  std::function<std::vector<std::string>(const CpuLevel& level)> tile_reasons;
  // The unit that does its arithmetic on a level; null: f32 fused multiply-adds on all.
  std::function<ArithmeticUnit(const CpuLevel& level)> unit;
  // Adds the kernel to the builder's module under the given name.
  std::function<void(KernelBuilder&, llvm::StringRef name)> emit;
};

// "matmul_3f2a...": the mnemonic and the hash of the key.
std::string KernelSymbol(absl::string_view mnemonic, const KernelChoice& choice);

}  // namespace lathe
