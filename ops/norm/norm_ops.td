// Normalisation over the last extent; statistics in f64, the result f32.
#ifndef LATHE_OPS_NORM_OPS_TD
#define LATHE_OPS_NORM_OPS_TD

include "ops/core/base.td"

class Lathe_NormOp<string opMnemonic>
    : Lathe_NamedOp<opMnemonic, "norm", [Pure, Lathe_DecomposesInto, Lathe_Infers, Lathe_Evaluates, Lathe_Costs]> {
  let results = (outs Lathe_F32:$y);  // as x
  let hasVerifier = 1;
}

def Lathe_RmsNormOp : Lathe_NormOp<"rms_norm"> {
  let summary = "y = x / sqrt(mean(x^2) + eps) * (offset + weight)";
  let description = [{
    C1: the weight is [H], H being the last extent of x. C2: eps is finite and positive. C3: offset is 0 or 1.
  }];
  let arguments = (ins Lathe_Float:$x,       // [.., H]
                       Lathe_Float:$weight,  // [H]
                       F64Attr:$eps, DefaultValuedAttr<F64Attr, "0.0">:$offset);
  let assemblyFormat = "$x `,` $weight attr-dict `:` type($x) `,` type($weight)";
}

def Lathe_LayerNormOp : Lathe_NormOp<"layer_norm"> {
  let summary = "y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias";
  let description = [{
    var is the mean of the squared deviations. C1: the weight is [H], H being the last extent of x.
    C2: eps is finite and positive. C3: the bias is [H].
  }];
  let arguments = (ins Lathe_Float:$x,               // [.., H]
                       Lathe_Float:$weight,          // [H]
                       Optional<Lathe_Float>:$bias,  // [H]
                       F64Attr:$eps);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? attr-dict `:` type($x) `,` type($weight) (`,` type($bias)^)?
  }];
}

#endif  // LATHE_OPS_NORM_OPS_TD
