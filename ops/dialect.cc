#include "ops/dialect.h"

#include "llvm/ADT/StringExtras.h"
#include "ops/attention/attention_ops.h"
#include "ops/core/core_dialect.cc.inc"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/embedding/embedding_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/moe/moe_ops.h"
#include "ops/norm/norm_ops.h"
#include "ops/rotary/rotary_ops.h"
#include "ops/sampling/sampling_ops.h"

namespace lathe {
namespace {

// "#tokens" instead of #lathe.sym<tokens>, "#int4_g32" for quantised weights, "!kv" for the cache
// types: long types repeat on every line of a dump.
class Aliases : public mlir::OpAsmDialectInterface {
 public:
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(mlir::Attribute attribute, llvm::raw_ostream& stream) const override {
    if (auto quant = llvm::dyn_cast<GroupQuantAttr>(attribute)) {
      stream << "int" << quant.getBits() << "_g" << quant.getGroup();
      return AliasResult::FinalAlias;
    }
    auto names = llvm::dyn_cast<SymAttr>(attribute);
    if (!names || names.getNames().empty()) return AliasResult::NoAlias;
    std::string alias;
    for (mlir::StringAttr name : names.getNames()) {
      alias += (alias.empty() ? "" : "_x_") + name.str();
    }
    for (char& c : alias) {
      if (!llvm::isAlnum(c)) c = '_';
    }
    stream << alias;
    return AliasResult::FinalAlias;
  }

  AliasResult getAlias(mlir::Type type, llvm::raw_ostream& stream) const override {
    if (llvm::isa<KvCacheType>(type)) {
      stream << "kv_cache";
      return AliasResult::FinalAlias;
    }
    if (llvm::isa<KvLayerType>(type)) {
      stream << "kv_layer";
      return AliasResult::FinalAlias;
    }
    return AliasResult::NoAlias;
  }
};

}  // namespace

void LatheDialect::initialize() {
  AddCore();
  RegisterElementwiseOps(*this);
  RegisterLinearOps(*this);
  RegisterNormOps(*this);
  RegisterRotaryOps(*this);
  RegisterEmbeddingOps(*this);
  RegisterAttentionOps(*this);
  RegisterSamplingOps(*this);
  RegisterMoeOps(*this);
  addInterfaces<Aliases>();
}

void RegisterDialects(mlir::DialectRegistry& registry) {
  registry.insert<LatheDialect, mlir::func::FuncDialect>();
}

void LoadDialects(mlir::MLIRContext& context) {
  context.loadDialect<LatheDialect, mlir::func::FuncDialect>();
}

}  // namespace lathe
