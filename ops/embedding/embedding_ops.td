// Rows chosen by index.
#ifndef LATHE_OPS_EMBEDDING_OPS_TD
#define LATHE_OPS_EMBEDDING_OPS_TD

include "ops/core/base.td"

def Lathe_EmbedOp : Lathe_NamedOp<"embed", "embedded", [Pure, Lathe_DecomposesInto, Lathe_Infers, Lathe_Evaluates,
                                                        Lathe_Costs]> {
  let summary = "y[s] = f32(table[tokens[s]]) * multiplier; a row of zeros for an index outside the table";
  let description = [{ C1: the table has rank 2. C2: tokens has rank 1. C3: multiplier is finite. }];
  let arguments = (ins Lathe_Matrix:$table,  // [V, H]
                       Lathe_I32:$tokens,    // [S]
                       DefaultValuedAttr<F64Attr, "1.0">:$multiplier);
  let results = (outs Lathe_F32:$y);         // [S, H]
  let assemblyFormat = "$table `,` $tokens attr-dict `:` type($table) `,` type($tokens)";
  let hasVerifier = 1;
}

def Lathe_GatherRowsOp : Lathe_NamedOp<"gather_rows", "rows", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                               Lathe_Costs]> {
  let summary = "y[r] = x[rows[r]]; a row of zeros for an index outside x";
  let description = [{ C1: x has rank 1 or more. C2: rows has rank 1. }];
  let arguments = (ins Lathe_AnyMatrix:$x,  // [S, ..]
                       Lathe_I32:$rows);    // [R]
  let results = (outs Lathe_Tensor:$y);     // [R, ..]
  let assemblyFormat = "$x `,` $rows attr-dict `:` type($x) `,` type($rows)";
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_EMBEDDING_OPS_TD
