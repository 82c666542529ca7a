// Ops on each element, and the few that move or fold extents: what the other families decompose into.
#ifndef LATHE_OPS_ELEMENTWISE_OPS_TD
#define LATHE_OPS_ELEMENTWISE_OPS_TD

include "ops/core/base.td"

// Arithmetic widens to f32, computes there and rounds once to the result's type.
class Lathe_UnaryOp<string opMnemonic, string formula, Trait kind = Lathe_Primitive, list<Trait> traits = []>
    : Lathe_NamedOp<opMnemonic, opMnemonic, [Pure, SameOperandsAndResultType, kind, Lathe_Evaluates, Lathe_Costs] #
                                            traits> {
  let summary = formula;
  let arguments = (ins Lathe_Float:$x);
  let results = (outs Lathe_Float:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

class Lathe_BinaryOp<string opMnemonic, string resultName, string formula>
    : Lathe_NamedOp<opMnemonic, resultName, [Pure, SameOperandsAndResultType, Lathe_Primitive, Lathe_Evaluates,
                                             Lathe_Costs]> {
  let summary = formula;
  let arguments = (ins Lathe_Float:$a, Lathe_Float:$b);
  let results = (outs Lathe_Float:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a)";
}

def Lathe_AddOp : Lathe_BinaryOp<"add", "sum", "y = a + b">;
def Lathe_SubOp : Lathe_BinaryOp<"sub", "difference", "y = a - b">;
def Lathe_MulOp : Lathe_BinaryOp<"mul", "product", "y = a * b">;
def Lathe_DivOp : Lathe_BinaryOp<"div", "quotient", "y = a / b">;

def Lathe_NegOp : Lathe_UnaryOp<"neg", "y = -x">;
def Lathe_ExpOp : Lathe_UnaryOp<"exp", "y = e^x">;
def Lathe_RsqrtOp : Lathe_UnaryOp<"rsqrt", "y = 1 / sqrt(x)">;
def Lathe_CosOp : Lathe_UnaryOp<"cos", "y = cos(x), accurate to f32 for |x| up to 1e6">;
def Lathe_SinOp : Lathe_UnaryOp<"sin", "y = sin(x), accurate to f32 for |x| up to 1e6">;
def Lathe_SigmoidOp : Lathe_UnaryOp<"sigmoid", "y = 1 / (1 + e^-x)", Lathe_DecomposesInto>;
def Lathe_SiluOp : Lathe_UnaryOp<"silu", "y = x * sigmoid(x)", Lathe_DecomposesInto>;
def Lathe_SoftplusOp : Lathe_UnaryOp<"softplus", "y = max(x, 0) + ln(1 + e^-|x|), x itself above 20">;

def Lathe_ClampOp : Lathe_UnaryOp<"clamp", "y = min(max(x, low), high)"> {
  let description = [{ A NaN stays a NaN. C1: low <= high, neither is a NaN; infinities leave a side open. }];
  let arguments = (ins Lathe_Float:$x, F64Attr:$low, F64Attr:$high);
  let hasVerifier = 1;
}

def Lathe_ScaleOp : Lathe_UnaryOp<"scale", "y = x * factor + offset"> {
  let description = [{ Factor and offset are rounded to f32 first; the product is rounded before the sum. }];
  let arguments = (ins Lathe_Float:$x, F64Attr:$factor, DefaultValuedAttr<F64Attr, "0.0">:$offset);
}

def Lathe_SwigluOp : Lathe_NamedOp<"swiglu", "act", [Pure, SameOperandsAndResultType, Lathe_DecomposesInto,
                                                    Lathe_Evaluates, Lathe_Costs]> {
  let summary = "y = silu(gate) * up, with limit > 0: min(silu(gate), limit) * clamp(up, -limit, limit)";
  let description = [{ C1: limit is finite and not negative; 0 means none. }];
  let arguments = (ins Lathe_Float:$gate, Lathe_Float:$up, DefaultValuedAttr<F64Attr, "0.0">:$limit);
  let results = (outs Lathe_Float:$y);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($gate)";
  let hasVerifier = 1;
}

def Lathe_CastOp : Lathe_NamedOp<"cast", "cast", [Pure, Lathe_Primitive, Lathe_Evaluates, Lathe_Costs]> {
  let summary = "changes the element type: floats round to nearest even, i32 becomes the nearest f32";
  let description = [{ C1: the extents stay. C2: nothing is cast to i32. }];
  let arguments = (ins Lathe_Tensor:$x);
  let results = (outs Lathe_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def Lathe_ReshapeOp : Lathe_NamedOp<"reshape", "reshape", [Pure, Lathe_Primitive, Lathe_Evaluates, Lathe_Costs]> {
  let summary = "regroups the static extents; row-major order stays";
  let description = [{
    C1: the element type stays. C2: the dynamic extents lead and are the same on both sides.
    C3: the products of the static extents are equal.
  }];
  let arguments = (ins Lathe_Tensor:$x);
  let results = (outs Lathe_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def Lathe_ReduceOp : Lathe_NamedOp<"reduce", "reduced", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                         Lathe_Costs]> {
  let summary = "sum, max or mean over the last extent, which becomes 1; sums run in f64";
  let description = [{ C1: kind is "sum", "max" or "mean". C2: x has a static last extent, not zero. }];
  let arguments = (ins StrAttr:$kind, Lathe_F32:$x);
  let results = (outs Lathe_F32:$y);
  let assemblyFormat = "$kind $x attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Lathe_BroadcastOp : Lathe_NamedOp<"broadcast", "wide", [Pure, Lathe_Primitive, Lathe_Evaluates, Lathe_Costs]> {
  let summary = "repeats x along extents that it lacks or has as 1; extents align at the right";
  let description = [{
    C1: the element type stays. C2: x has at most the rank of y. C3: each extent of x is 1 or that of y.
  }];
  let arguments = (ins Lathe_Tensor:$x);
  let results = (outs Lathe_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def Lathe_SliceOp : Lathe_NamedOp<"slice", "slice", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                     Lathe_Costs]> {
  let summary = "components [begin, end) of the last extent";
  let description = [{ C1: x has a static last extent. C2: 0 <= begin < end <= that extent. }];
  let arguments = (ins Lathe_Tensor:$x, I64Attr:$begin, I64Attr:$end);
  let results = (outs Lathe_Tensor:$y);
  let assemblyFormat = "$x `[` $begin `,` $end `]` attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Lathe_ConcatOp : Lathe_NamedOp<"concat", "joined", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                        Lathe_Costs]> {
  let summary = "joins tensors along the last extent";
  let description = [{
    C1: there is at least one. C2: they agree in element type and in all extents but the last, which is static.
  }];
  let arguments = (ins Variadic<Lathe_Tensor>:$parts);
  let results = (outs Lathe_Tensor:$y);
  let assemblyFormat = "$parts attr-dict `:` type($parts)";
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_ELEMENTWISE_OPS_TD
