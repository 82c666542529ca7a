// The core ops: weights, constants, the dispatch.

#include "ops/core/dialect.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#define GET_OP_CLASSES
#include "ops/core/core_interfaces.cc.inc"
#include "ops/core/core_ops.cc.inc"

namespace lathe {
namespace {

// "model.layers.3.self_attn.q_proj.weight" -> "q_proj": what a reader looks for in a dump.
llvm::StringRef ShortName(llvm::StringRef path) {
  path.consume_back(".weight");
  return path.rsplit('.').second.empty() ? path : path.rsplit('.').second;
}

absl::StatusOr<HostTensor> ToHostTensor(mlir::ElementsAttr value, std::vector<int64_t> shape) {
  std::optional<DType> dtype = DTypeOf(value.getElementType());
  LATHE_CHECK(dtype.has_value()) << "a verified constant has a dtype";
  HostTensor tensor(*dtype, std::move(shape));
  int64_t i = 0;
  if (*dtype == DType::kI32) {
    for (int32_t element : value.getValues<int32_t>()) tensor.ints()[i++] = element;
  } else {
    for (float element : value.getValues<float>()) tensor.floats()[i++] = element;
  }
  return tensor;
}

}  // namespace

void LatheDialect::AddCoreOps() {
  AddOps<
#define GET_OP_LIST
#include "ops/core/core_ops.cc.inc"
      >();
}

// ---- param, weight, constant ----------------------------------------------------------------

llvm::LogicalResult ParamOp::verify() {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(getType());
  bool ok =
      tensor && tensor.hasStaticShape() && llvm::isa<mlir::FloatType>(tensor.getElementType()) &&
      DTypeOf(tensor.getElementType()).has_value() && !llvm::is_contained(tensor.getShape(), 0);
  std::string text;
  llvm::raw_string_ostream(text) << getType();
  return Require(getOperation(), ok, 1,
                 "\"" + getSymName() + "\" is " + text +
                     ", expected a static tensor of f32, f16 or bf16 without empty extents");
}

llvm::LogicalResult WeightOp::verifySymbolUses(mlir::SymbolTableCollection& symbols) {
  auto param = symbols.lookupNearestSymbolFrom<ParamOp>(getOperation(), getParamAttr());
  if (failed(Require(getOperation(), param != nullptr, 1,
                     "no lathe.param @\"" + getParam() + "\" in the module"))) {
    return mlir::failure();
  }
  if (param.getType() == getValue().getType()) return mlir::success();
  return emitOpError("C2: type ") << getValue().getType() << ", but @\"" << getParam()
                                  << "\" is declared as " << param.getType();
}

void WeightOp::getAsmResultNames(mlir::OpAsmSetValueNameFn set_name) {
  set_name(getValue(), ShortName(getParam()));
}

absl::Status WeightOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(const HostTensor* tensor,
                         context.Weight(getParam(), TensorTypeOf(getValue())));
  context.SetTensorRef(getValue(), tensor);
  return absl::OkStatus();
}

// A weight is read by the op that uses it.
OpCost WeightOp::Cost() { return {}; }

llvm::LogicalResult ConstantOp::verify() {
  mlir::Type element = getValue().getElementType();
  return Require(
      getOperation(),
      llvm::isa<mlir::DenseElementsAttr>(getValue()) && (element.isF32() || element.isInteger(32)),
      1, "\"" + getName() + "\" is not dense f32 or i32");
}

llvm::LogicalResult ConstantOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                                 Adaptor adaptor,
                                                 llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(adaptor.getValue().getType());
  return mlir::success();
}

void ConstantOp::getAsmResultNames(mlir::OpAsmSetValueNameFn set_name) {
  set_name(getResult(), ShortName(getName()));
}

absl::Status ConstantOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(HostTensor tensor,
                         ToHostTensor(getValue(), TensorTypeOf(getResult()).getShape().vec()));
  context.SetTensor(getResult(), std::move(tensor));
  return absl::OkStatus();
}

OpCost ConstantOp::Cost() { return {}; }

// ---- dispatch -------------------------------------------------------------------------------

void DispatchOp::build(mlir::OpBuilder& builder, mlir::OperationState& state,
                       mlir::TypeRange results, llvm::StringRef name, mlir::ValueRange inputs) {
  state.addTypes(results);
  state.addOperands(inputs);
  state.getOrAddProperties<Properties>().name = builder.getStringAttr(name);
  mlir::Block& block = state.addRegion()->emplaceBlock();
  for (mlir::Value input : inputs) block.addArgument(input.getType(), input.getLoc());
}

YieldOp DispatchOp::yield() { return llvm::cast<YieldOp>(block().getTerminator()); }

llvm::LogicalResult DispatchOp::verify() {
  if (failed(Require(getOperation(),
                     llvm::equal(block().getArgumentTypes(), getInputs().getTypes()), 1,
                     "the region's arguments differ from the operands in number or type"))) {
    return mlir::failure();
  }
  auto terminator = llvm::dyn_cast_or_null<YieldOp>(block().empty() ? nullptr : &block().back());
  return Require(getOperation(),
                 terminator && llvm::equal(terminator.getValues().getTypes(), getResultTypes()), 2,
                 "the region does not end in a lathe.yield of the result types");
}

// lathe.dispatch "name" (%a = %x : type, ...) -> (types) attributes {...} { ... }
mlir::ParseResult DispatchOp::parse(mlir::OpAsmParser& parser, mlir::OperationState& state) {
  mlir::StringAttr name;
  llvm::SmallVector<mlir::OpAsmParser::Argument> arguments;
  llvm::SmallVector<mlir::OpAsmParser::UnresolvedOperand> operands;
  auto parse_input = [&]() -> mlir::ParseResult {
    return mlir::failure(parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
                         parser.parseOperand(operands.emplace_back()) ||
                         parser.parseColonType(arguments.back().type));
  };
  if (parser.parseAttribute(name) ||
      parser.parseCommaSeparatedList(mlir::AsmParser::Delimiter::Paren, parse_input) ||
      parser.parseOptionalArrowTypeList(state.types) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes)) {
    return mlir::failure();
  }
  state.getOrAddProperties<Properties>().name = name;
  for (auto [operand, argument] : llvm::zip_equal(operands, arguments)) {
    if (parser.resolveOperand(operand, argument.type, state.operands)) return mlir::failure();
  }
  return parser.parseRegion(*state.addRegion(), arguments);
}

void DispatchOp::print(mlir::OpAsmPrinter& printer) {
  printer << ' ' << getNameAttr() << " (";
  llvm::interleaveComma(llvm::zip_equal(block().getArguments(), getInputs()), printer,
                        [&](auto pair) {
                          auto [argument, input] = pair;
                          printer << argument << " = " << input << " : " << input.getType();
                        });
  printer << ')';
  printer.printOptionalArrowTypeList(getResultTypes());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"name"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

}  // namespace lathe
