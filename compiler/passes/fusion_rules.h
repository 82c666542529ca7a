// The rules by which phase `fuse` groups ops into dispatches. A group becomes one kernel launch.
//
// Groups form around anchors: ops with a loop nest of their own (matmul, attention, rope_table,
// argmax).
// Everything else works row by row, and neighbours with the same rows share one loop over them. No
// rule names a model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace lathe {

// A future dispatch: ops of one block, in program order, and the rule that put them together.
struct FusionGroup {
  std::vector<mlir::Operation*> ops;
  std::string rule;       // "norm+matmul_shared_input+swiglu", "rowwise", ...
  std::string name;       // "self_attn.q_proj+k_proj+v_proj"
  bool is_exact = false;  // activations stay f32: a choice hangs on how they are rounded
};

// Whether an op stays outside of dispatches: calls, returns, weights, constants, views of caches.
bool IsStructural(mlir::Operation* op);

// The leading extent of what `op` writes (kv_write: of the keys it stores) as text, "tokens" or
// "4";
// "" for an op that does not work on rows.
std::string RowsOf(mlir::Operation* op);

// Moves ops of `block` next to the anchors that they can join, takes an argmax apart where a part
// of it can join the product that it reads, and returns the groups in program order; together they
// hold each op of the block that is not structural exactly once. Ops only move where their operands
// are already defined.
std::vector<FusionGroup> FormGroups(mlir::Block& block);

}  // namespace lathe
