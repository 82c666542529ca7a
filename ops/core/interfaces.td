// What the compiler may ask of any op: to compute itself, to say what it costs, to become simpler ops.
#ifndef LATHE_OPS_CORE_INTERFACES_TD
#define LATHE_OPS_CORE_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Lathe_Evaluable : OpInterface<"Evaluable"> {
  let description = [{ The op computes its results from host tensors, by the plain reference of its family. }];
  let cppNamespace = "::lathe";
  let methods = [InterfaceMethod<
    "Reads the operands from the context and sets every result there.",
    "::absl::Status", "Evaluate", (ins "::lathe::EvalContext &":$context)>];
}

def Lathe_HasCost : OpInterface<"HasCost"> {
  let description = [{ The work that one execution takes, as expressions over the runtime's extents. }];
  let cppNamespace = "::lathe";
  let methods = [InterfaceMethod<
    "FLOPs and the bytes that must cross memory when the op runs alone.",
    "::lathe::OpCost", "Cost">];
}

def Lathe_Decomposes : OpInterface<"Decomposes"> {
  let description = [{ The op can be said in simpler ops; what cannot carries the trait Primitive instead. }];
  let cppNamespace = "::lathe";
  let methods = [InterfaceMethod<
    "Builds the simpler ops at the builder's insertion point; returns one replacement per result.",
    "::llvm::SmallVector<::mlir::Value>", "Decompose", (ins "::mlir::OpBuilder &":$builder)>];
}

// An op at the bottom: every target must know it, nothing takes it apart.
def Lathe_Primitive : NativeOpTrait<"Primitive"> { let cppNamespace = "::lathe"; }

#endif  // LATHE_OPS_CORE_INTERFACES_TD
