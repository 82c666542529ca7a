// Ops that every model and every phase needs: weights, constants, and the dispatch that groups ops into one kernel.
#ifndef LATHE_OPS_CORE_CORE_OPS_TD
#define LATHE_OPS_CORE_CORE_OPS_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "ops/core/base.td"

def Lathe_ParamOp : Lathe_Op<"param", [Symbol]> {
  let summary = "declares a weight; its symbol is the checkpoint path";
  let description = [{
    C1: the type is static, of f32, f16 or bf16, and no extent is zero.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
}

def Lathe_WeightOp : Lathe_Op<"weight", [Pure, Lathe_Primitive, Lathe_Evaluates, Lathe_Costs,
                                         DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                         DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "the value of a declared weight";
  let description = [{
    C1: the symbol is a lathe.param of the module. C2: the type is the declared one.
  }];
  let arguments = (ins FlatSymbolRefAttr:$param);
  let results = (outs Lathe_Matrix:$value);
  let assemblyFormat = "$param attr-dict `:` type($value)";
}

def Lathe_ConstantOp : Lathe_Op<"constant", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates, Lathe_Costs,
                                             DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "numbers that the compiler knows: tables, scalars";
  let description = [{
    C1: the value is dense f32 or i32.
  }];
  let arguments = (ins StrAttr:$name, ElementsAttr:$value);
  let results = (outs Lathe_Tensor:$result);
  let assemblyFormat = "$name $value attr-dict";
  let hasVerifier = 1;
}

def Lathe_DispatchOp : Lathe_Op<"dispatch", [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "ops that run as one kernel; what they read is named by the region's arguments";
  let description = [{
    The attribute dictionary carries what later phases decide (kernel, notes, plan). The region can be interpreted at any
    time.
    C1: one region argument for each operand, of its type. C2: the region ends in lathe.yield of the result types.
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::llvm::StringRef":$name,
                                 "::mlir::ValueRange":$inputs)>];
  let extraClassDeclaration = [{
    ::mlir::Block& block() { return getBody().front(); }
    YieldOp yield();
  }];
}

def Lathe_YieldOp : Lathe_Op<"yield", [Pure, Terminator, ReturnLike, ParentOneOf<["DispatchOp"]>]> {
  let summary = "the results of a dispatch";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif  // LATHE_OPS_CORE_CORE_OPS_TD
