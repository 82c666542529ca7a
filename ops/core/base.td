// The dialect `lathe`: its types, its attribute, and the classes from which the families derive their ops.
#ifndef LATHE_OPS_CORE_BASE_TD
#define LATHE_OPS_CORE_BASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ops/core/interfaces.td"

def Lathe_Dialect : Dialect {
  let name = "lathe";
  let summary = "Large language models as graphs of tensors with named extents and explicit state";
  let cppNamespace = "::lathe";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let extraClassDeclaration = [{
    // The families register their ops through this door (ops/dialect.cc lists them).
    template <typename... Ops>
    void AddOps() { addOperations<Ops...>(); }
    // Registers what ops/core defines.
    void AddCore();
    void AddCoreOps();
  }];
}

// ---- attribute and types ----------------------------------------------------------------------------------------

def Lathe_SymAttr : AttrDef<Lathe_Dialect, "Sym", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "sym";
  let summary = "the names of a tensor's dynamic extents, in order";
  let description = [{
    `tensor<?x64xf32, #lathe.sym<tokens>>` has as many rows as the step has tokens. A name is one runtime integer:
    two extents of one name are equal wherever they stand in a step.
    C1: there is one name for each dynamic extent. C2: no name is empty.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$names);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Lathe_GroupQuantAttr
    : AttrDef<Lathe_Dialect, "GroupQuant", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "group_quant";
  let summary = "a weight matrix stored as small integers with an f16 scale for each group of a row";
  let description = [{
    `tensor<64x96xf32, #lathe.group_quant<int4, group = 32>>` reads as f32, since scale times number is exact there, and
    is stored in 4.5 bits an element (ops/core/group_quant.h says which). Only the ops that take a Lathe_Matrix read it.
    C1: group is 32 or 128. C2: the tensor is a static matrix, or a stack of them [E, N, K]. C3: its elements are f32.
  }];
  let parameters = (ins "int":$bits, "int64_t":$group);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    GroupQuant format() const { return {.bits = getBits(), .group = getGroup()}; }
  }];
}

class Lathe_Type<string name, string typeMnemonic> : TypeDef<Lathe_Dialect, name> {
  let mnemonic = typeMnemonic;
  let genVerifyDecl = 1;
}

def Lathe_KvCache : Lathe_Type<"KvCache", "kv_cache"> {
  let summary = "a cache group: the keys and values of some layers, in pages that live across steps";
  let description = [{
    C1: layers, kv_heads, head_dim and page are positive, window is not negative (0: the whole past is kept).
    C2: dtype is f32, f16 or bf16.
  }];
  let parameters = (ins StringRefParameter<"the group's name among the entry's inputs">:$name,
                        "int64_t":$layers, "int64_t":$kv_heads, "int64_t":$head_dim, "::mlir::Type":$dtype,
                        "int64_t":$page, "int64_t":$window);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Lathe_KvLayer : Lathe_Type<"KvLayer", "kv_layer"> {
  let summary = "one layer of a cache group";
  let description = [{ The same constraints C1 and C2 as kv_cache. }];
  let parameters = (ins "int64_t":$kv_heads, "int64_t":$head_dim, "::mlir::Type":$dtype, "int64_t":$page,
                        "int64_t":$window);
  let assemblyFormat = "`<` struct(params) `>`";
}

// ---- operands ---------------------------------------------------------------------------------------------------

defvar Lathe_AllNamed = CPred<"::lathe::HasNamedExtents($_self)">;

class Lathe_TensorOf<list<Type> elements, string what>
    : ConfinedType<RankedTensorOf<elements>, [Lathe_AllNamed], what # ", every dynamic extent named",
                   "::mlir::RankedTensorType">;

def Lathe_Float : Lathe_TensorOf<[F32, F16, BF16], "tensor of f32, f16 or bf16">;
def Lathe_F32 : Lathe_TensorOf<[F32], "tensor of f32">;
def Lathe_I32 : Lathe_TensorOf<[I32], "tensor of i32">;
def Lathe_Tensor : Lathe_TensorOf<[F32, F16, BF16, I32], "tensor of f32, f16, bf16 or i32">;

// A weight that is read element by element or in products: plain, or quantised in groups.
def Lathe_Matrix : ConfinedType<RankedTensorOf<[F32, F16, BF16]>, [CPred<"::lathe::IsStorable($_self)">],
                                "tensor of f32, f16 or bf16, every dynamic extent named, or quantised in groups",
                                "::mlir::RankedTensorType">;
def Lathe_AnyMatrix : ConfinedType<RankedTensorOf<[F32, F16, BF16, I32]>, [CPred<"::lathe::IsStorable($_self)">],
                                   "tensor of f32, f16, bf16 or i32, every dynamic extent named, or quantised in groups",
                                   "::mlir::RankedTensorType">;

// ---- op classes -------------------------------------------------------------------------------------------------

class Lathe_Op<string opMnemonic, list<Trait> traits = []> : Op<Lathe_Dialect, opMnemonic, traits>;

// An op whose single result is called `resultName` in dumps.
class Lathe_NamedOp<string opMnemonic, string resultName, list<Trait> traits = []>
    : Lathe_Op<opMnemonic, traits # [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let extraClassDefinition = [{
    void $cppClass::getAsmResultNames(::mlir::OpAsmSetValueNameFn set_name) {
      set_name(getOperation()->getResult(0), "}] # resultName # [{");
    }
  }];
}

defvar Lathe_Infers = InferTypeOpAdaptor;
def Lathe_Evaluates : DeclareOpInterfaceMethods<Lathe_Evaluable>;
def Lathe_Costs : DeclareOpInterfaceMethods<Lathe_HasCost>;
def Lathe_DecomposesInto : DeclareOpInterfaceMethods<Lathe_Decomposes>;

#endif  // LATHE_OPS_CORE_BASE_TD
