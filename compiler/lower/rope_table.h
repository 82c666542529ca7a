// Emits the tables of rotary embedding: cos and sin of position * inv_freq for each row.
#pragma once

#include "compiler/lower/kernel_builder.h"

namespace lathe {

// Operands: positions i32 [rows], inv_freq f32 [count], cos and sin f32 [rows, count]. A work item
// is one row; dims = {rows}.
struct RopeTableSpec {
  int64_t count = 0;
  float scaling = 1;

  bool operator==(const RopeTableSpec&) const = default;
};

// The angle is the f32 product float(position) * inv_freq, as models compute it; its cosine and
// sine are found in double, so that each is the nearest f32 or its neighbour up to angles of 1e6,
// and multiplied by `scaling`.
void EmitRopeTable(KernelBuilder& b, llvm::StringRef name, const RopeTableSpec& spec);

}  // namespace lathe
