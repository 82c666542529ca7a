// Mixtures of experts: rows choose experts, products read the matrices of the chosen ones alone.
#ifndef LATHE_OPS_MOE_OPS_TD
#define LATHE_OPS_MOE_OPS_TD

include "ops/core/base.td"

def Lathe_MoeRouteOp : Lathe_Op<"moe_route", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates, Lathe_Costs,
                                              DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "the top_k experts of each row, likeliest first, and their weights";
  let description = [{
    The formulas are those of ops/moe/source/route_row.h: probabilities by softmax or sigmoid of the scores, the choice by
    score, or by probability plus bias, the lowest expert of equals first; the weights are the probabilities of the
    chosen, divided by their sum where normalize says so, times scale.
    C1: scores has rank 2. C2: its last extent is static and above 0. C3: top_k is 1 to that extent. C4: the bias has one
    element an expert. C5: score is softmax or sigmoid.
  }];
  let arguments = (ins Lathe_F32:$scores,          // [T, E]
                       Optional<Lathe_F32>:$bias,  // [E]
                       I64Attr:$top_k, StrAttr:$score, UnitAttr:$normalize,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Lathe_I32:$experts,          // [T, top_k]
                      Lathe_F32:$weights);         // [T, top_k]
  let assemblyFormat = "$top_k `of` $scores (`bias` $bias^)? `by` $score attr-dict `:` type($scores) (`,` type($bias)^)?";
  let hasVerifier = 1;
}

def Lathe_MoeDispatchOp : Lathe_Op<"moe_dispatch", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates, Lathe_Costs,
                                                    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "an order of all rows' choices in which those of an expert stand together";
  let description = [{
    Choices are sorted by expert, those of one expert in the order of their rows. `rows` has the row of each choice in
    that order, `places` where choice j of row t has gone, `ends[e]` where the choices of expert e end; they begin where
    those of the expert before it end.
    C1: experts has rank 2 and a static last extent. C2: num_experts is positive and fits an id.
  }];
  let arguments = (ins Lathe_I32:$experts,  // [T, top_k], each in [0, num_experts)
                       I64Attr:$num_experts);
  let results = (outs Lathe_I32:$rows,      // [T, top_k]: of the sorted choices
                      Lathe_I32:$places,    // [T, top_k]: among the sorted choices
                      Lathe_I32:$ends);     // [num_experts]
  let assemblyFormat = "$experts `among` $num_experts attr-dict `:` type($experts)";
  let hasVerifier = 1;
}

def Lathe_GroupedMatmulOp : Lathe_NamedOp<"grouped_matmul", "mm", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                                   Lathe_Costs]> {
  let summary = "y[i, n] = sum over k of x[i, k] * weight[e, n, k] for sorted choices i, where e is the expert of choice i";
  let description = [{
    x has a row for each sorted choice, or with `rows` row rows[i] of x is that of choice i. Sorted choices are counted
    over both extents of [T, top_k]. Only the matrices of experts that somebody chose are read. Sums are f32 with k
    ascending.
    C1: x is [T, top_k, K], or with rows, which are [T, top_k], [T, K]. C2: the weight is [E, N, K]. C3: there is one end
    an expert.
  }];
  let arguments = (ins Lathe_Float:$x,             // [T, top_k, K], or [T, K] with rows
                       Lathe_I32:$ends,            // [E]
                       Lathe_Matrix:$weight,       // [E, N, K]
                       Optional<Lathe_I32>:$rows); // [T, top_k]
  let results = (outs Lathe_F32:$y);               // [T, top_k, N]
  let assemblyFormat = "$x (`at` $rows^)? `,` $ends `,` $weight attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Lathe_MoeCombineOp : Lathe_NamedOp<"moe_combine", "combined", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                                   Lathe_Costs]> {
  let summary = "y[t, n] = sum over j, ascending, of weights[t, j] * x[places[t, j], n]";
  let description = [{
    Each product is rounded before it is added.
    C1: x has rank 3. C2: there is one place a choice. C3: there is one weight a choice.
  }];
  let arguments = (ins Lathe_F32:$x,         // [T, top_k, N]: of sorted choices
                       Lathe_I32:$places,    // [T, top_k]
                       Lathe_F32:$weights);  // [T, top_k]
  let results = (outs Lathe_F32:$y);         // [T, N]
  let assemblyFormat = "$x `at` $places `,` $weights attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_MOE_OPS_TD
