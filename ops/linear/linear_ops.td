// Products with weight matrices.
#ifndef LATHE_OPS_LINEAR_OPS_TD
#define LATHE_OPS_LINEAR_OPS_TD

include "ops/core/base.td"

def Lathe_MatmulOp : Lathe_NamedOp<"matmul", "mm", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                    Lathe_Costs]> {
  let summary = "y[.., n] = sum over k of x[.., k] * weight[n, k], plus bias[n]";
  let description = [{
    The weight lies as checkpoints store it, one row an output; one that is quantised in groups stands for its scales
    times its numbers. Sums are f32 with k ascending.
    C1: the weight has rank 2. C2: its last extent is the last extent of x. C3: the bias has one element an output.
  }];
  let arguments = (ins Lathe_Float:$x,                // [.., K]
                       Lathe_Matrix:$weight,          // [N, K]
                       Optional<Lathe_Float>:$bias);  // [N]
  let results = (outs Lathe_F32:$y);                  // [.., N]
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? attr-dict `:` type($x) `,` type($weight) (`,` type($bias)^)?
  }];
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_LINEAR_OPS_TD
