// Rotary position embedding: the table of angles once a step, the rotation in every layer.
#ifndef LATHE_OPS_ROTARY_OPS_TD
#define LATHE_OPS_ROTARY_OPS_TD

include "ops/core/base.td"

def Lathe_RopeTableOp : Lathe_Op<"rope_table", [Pure, Lathe_DecomposesInto, Lathe_Infers, Lathe_Evaluates, Lathe_Costs,
                                                DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "cos and sin of position * inv_freq, times scaling";
  let description = [{
    The angle is the f32 product of the position as f32 and inv_freq; cos and sin of that angle are accurate to f32 for
    positions up to 1e6. C1: positions and inv_freq have rank 1.
  }];
  let arguments = (ins Lathe_I32:$positions,  // [S]
                       Lathe_F32:$inv_freq,   // [F]
                       DefaultValuedAttr<F64Attr, "1.0">:$scaling);
  let results = (outs Lathe_F32:$cos,         // [S, F]
                      Lathe_F32:$sin);        // [S, F]
  let assemblyFormat = "$positions `,` $inv_freq attr-dict `:` type($positions) `,` type($inv_freq)";
  let hasVerifier = 1;
}

def Lathe_RopeOp : Lathe_NamedOp<"rope", "rotated", [Pure, AllTypesMatch<["x", "y"]>, AllTypesMatch<["cos", "sin"]>,
                                                     Lathe_DecomposesInto, Lathe_Evaluates, Lathe_Costs]> {
  let summary = "rotates the first 2F components of each head by the row's angles; the rest passes";
  let description = [{
    Half-split pairs: component i turns with i + F. C1: x is [S, heads, D], cos and sin are [S, F].
    C2: x and cos have the same S. C3: 2F <= D.
  }];
  let arguments = (ins Lathe_F32:$x,     // [S, heads, D]
                       Lathe_F32:$cos,   // [S, F]
                       Lathe_F32:$sin);  // [S, F]
  let results = (outs Lathe_F32:$y);     // as x
  let assemblyFormat = "$x `,` $cos `,` $sin attr-dict `:` type($x) `,` type($cos)";
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_ROTARY_OPS_TD
