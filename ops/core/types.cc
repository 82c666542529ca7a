// The encodings #lathe.sym and #lathe.group_quant, and the cache types: parsing, printing,
// verification.
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/DialectImplementation.h"
#include "ops/core/dialect.h"

#define GET_ATTRDEF_CLASSES
#include "ops/core/core_attrs.cc.inc"
#define GET_TYPEDEF_CLASSES
#include "ops/core/core_types.cc.inc"

namespace lathe {
namespace {

using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

llvm::LogicalResult VerifyCache(EmitError emit_error, int64_t kv_heads, int64_t head_dim,
                                mlir::Type dtype, int64_t page, int64_t window) {
  if (kv_heads <= 0 || head_dim <= 0 || page <= 0 || window < 0) {
    return emit_error() << "C1: kv_heads = " << kv_heads << ", head_dim = " << head_dim
                        << ", page = " << page << ", window = " << window
                        << ": the first three must be positive, window must not be negative";
  }
  if (!dtype.isF32() && !dtype.isF16() && !dtype.isBF16()) {
    return emit_error() << "C2: dtype is " << dtype << ", expected f32, f16 or bf16";
  }
  return mlir::success();
}

}  // namespace

mlir::Attribute SymAttr::parse(mlir::AsmParser& parser, mlir::Type) {
  llvm::SmallVector<mlir::StringAttr> parsed;
  auto parse_name = [&]() -> mlir::ParseResult {
    std::string text;
    if (parser.parseKeywordOrString(&text)) return mlir::failure();
    parsed.push_back(mlir::StringAttr::get(parser.getContext(), text));
    return mlir::success();
  };
  llvm::SMLoc location = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(mlir::AsmParser::Delimiter::LessGreater, parse_name))
    return {};
  return parser.getChecked<SymAttr>(location, parser.getContext(), parsed);
}

void SymAttr::print(mlir::AsmPrinter& printer) const {
  printer << '<';
  llvm::interleaveComma(getNames(), printer, [&](mlir::StringAttr part) {
    printer.printKeywordOrString(part.getValue());
  });
  printer << '>';
}

llvm::LogicalResult SymAttr::verify(EmitError emit_error, llvm::ArrayRef<mlir::StringAttr> names) {
  for (mlir::StringAttr part : names) {
    if (part.getValue().empty()) return emit_error() << "C2: the name of an extent is empty";
  }
  return mlir::success();
}

llvm::LogicalResult SymAttr::verifyEncoding(llvm::ArrayRef<int64_t> shape, mlir::Type,
                                            EmitError emit_error) const {
  auto dynamic = static_cast<size_t>(llvm::count_if(shape, mlir::ShapedType::isDynamic));
  if (dynamic == getNames().size()) return mlir::success();
  return emit_error() << "C1: #lathe.sym has " << getNames().size() << " names for " << dynamic
                      << " dynamic extents";
}

// <int4, group = 32>
mlir::Attribute GroupQuantAttr::parse(mlir::AsmParser& parser, mlir::Type) {
  llvm::SMLoc location = parser.getCurrentLocation();
  llvm::StringRef numbers;
  int64_t group = 0;
  if (parser.parseLess() || parser.parseKeyword(&numbers)) return {};
  if (numbers != "int8" && numbers != "int4") {
    parser.emitError(location) << "numbers of type '" << numbers << "', expected int8 or int4";
    return {};
  }
  if (parser.parseComma() || parser.parseKeyword("group") || parser.parseEqual() ||
      parser.parseInteger(group) || parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<GroupQuantAttr>(location, parser.getContext(), numbers == "int8" ? 8 : 4,
                                           group);
}

void GroupQuantAttr::print(mlir::AsmPrinter& printer) const {
  printer << "<int" << getBits() << ", group = " << getGroup() << '>';
}

llvm::LogicalResult GroupQuantAttr::verify(EmitError emit_error, int, int64_t group) {
  if (group == 32 || group == 128) return mlir::success();
  return emit_error() << "C1: groups of " << group << ", expected 32 or 128";
}

llvm::LogicalResult GroupQuantAttr::verifyEncoding(llvm::ArrayRef<int64_t> shape,
                                                   mlir::Type element, EmitError emit_error) const {
  if (shape.size() < 2 || shape.size() > 3 || mlir::ShapedType::isDynamicShape(shape)) {
    return emit_error() << "C2: #lathe.group_quant on a tensor of rank " << shape.size()
                        << ", expected a static matrix or a stack of them";
  }
  if (element.isF32()) return mlir::success();
  return emit_error() << "C3: #lathe.group_quant on elements of " << element << ", expected f32";
}

llvm::LogicalResult KvCacheType::verify(EmitError emit_error, llvm::StringRef cache_name,
                                        int64_t layers, int64_t kv_heads, int64_t head_dim,
                                        mlir::Type dtype, int64_t page, int64_t window) {
  if (layers <= 0) {
    return emit_error() << "C1: layers = " << layers << " in cache \"" << cache_name
                        << "\", must be positive";
  }
  return VerifyCache(emit_error, kv_heads, head_dim, dtype, page, window);
}

llvm::LogicalResult KvLayerType::verify(EmitError emit_error, int64_t kv_heads, int64_t head_dim,
                                        mlir::Type dtype, int64_t page, int64_t window) {
  return VerifyCache(emit_error, kv_heads, head_dim, dtype, page, window);
}

void LatheDialect::AddCore() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ops/core/core_attrs.cc.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "ops/core/core_types.cc.inc"
      >();
  AddCoreOps();
}

}  // namespace lathe
