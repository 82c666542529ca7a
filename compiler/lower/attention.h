// Emits causal attention of queries over the paged key-value cache, with grouped query heads and an
// optional window.
//
// A work item is a block of kAttentionRows consecutive rows and one kv head. Consecutive rows of
// one sequence share each load of keys and values, and so do all query heads of the kv head. Keys
// are taken in absolute blocks of a page with a running softmax, and a key that a row does not see
// changes none of its bits: the result of a row does not depend on the rows computed beside it.
#pragma once

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/rowwise.h"
#include "runtime/base/arithmetic_unit.h"

namespace lathe {

// Rows of one work item.
inline constexpr int64_t kAttentionRows = 8;
// Widest head: scratch holds the queries of an item.
inline constexpr int64_t kMaxHeadDim = 256;

// Operands: q f32 [rows, heads, head_dim]; pool, page_table i32 [sequences, max_pages], positions
// i32 [rows], row_sequence i32 [rows], as RowCache has them; out f32 [rows, heads, head_dim]. dims
// = {rows, max_pages}. Query head j reads kv head j / (heads / kv_heads).
struct AttentionSpec {
  int64_t heads = 0;
  CacheLayout cache;
  float scale = 1;
  int64_t window = 0;  // keys that a row sees, its own included; 0: all

  bool operator==(const AttentionSpec&) const = default;
};

// kv_heads * ceil(rows / kAttentionRows).
int64_t AttentionItems(const AttentionSpec& spec, int64_t rows);

// Scratch that the kernel needs for one worker.
int64_t AttentionScratchBytes(const AttentionSpec& spec);

// The unit that does the products on `level`.
ArithmeticUnit UnitOfAttention(const CpuLevel& level, const AttentionSpec& spec);

// Adds the kernel `name`. C1: heads is a multiple of kv_heads; C2: head_dim is at most
// kMaxHeadDim.
void EmitAttention(KernelBuilder& b, llvm::StringRef name, const AttentionSpec& spec);

}  // namespace lathe
