// Matmuls of one input, with the norm before them and their epilogue, as the register-tiled kernel
// of compiler/lower/matmul.h.
#include "compiler/select/cpu_matmul.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/lower/argmax.h"
#include "compiler/lower/matmul_product.h"
#include "compiler/select/candidates.h"
#include "compiler/select/cpu_head_matmul.h"
#include "compiler/select/dispatch_view.h"
#include "compiler/select/tiles.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/norm/norm_ops.h"
#include "ops/sampling/sampling_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status No(absl::string_view reason) { return absl::FailedPreconditionError(reason); }

mlir::Type ElementOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

// The ops of the dispatch by role.
struct MatmulGroup {
  RmsNormOp norm;
  llvm::SmallVector<MatmulOp> segments;
  AddOp residual;
  SwigluOp swiglu;
  BlockMaxOp block_max;
  bool has_head_steps = false;  // other ops than those
};

absl::StatusOr<MatmulGroup> Collect(DispatchOp dispatch) {
  MatmulGroup group;
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    if (auto matmul = llvm::dyn_cast<MatmulOp>(op)) {
      group.segments.push_back(matmul);
    } else if (auto norm = llvm::dyn_cast<RmsNormOp>(op);
               norm && group.segments.empty() && !group.norm) {
      group.norm = norm;
    } else if (auto add = llvm::dyn_cast<AddOp>(op); add && !group.residual) {
      group.residual = add;
    } else if (auto swiglu = llvm::dyn_cast<SwigluOp>(op); swiglu && !group.swiglu) {
      group.swiglu = swiglu;
    } else if (auto block_max = llvm::dyn_cast<BlockMaxOp>(op); block_max && !group.block_max) {
      group.block_max = block_max;
    } else if (!llvm::isa<ReshapeOp>(op)) {
      if (group.segments.empty())
        return No(absl::StrCat("has no epilogue for ", op.getName().getStringRef().str()));
      group.has_head_steps = true;
    }
  }
  if (group.segments.empty()) return No("there is no matmul");
  if (group.segments.size() > 3) return No("more than three matmuls");
  if (group.has_head_steps) return group;
  if (group.residual && (group.segments.size() != 1 || group.swiglu))
    return No("the add belongs to no single matmul");
  if (group.swiglu && group.segments.size() != 2) return No("swiglu needs two matmuls");
  if (group.block_max && (group.segments.size() != 1 || group.residual))
    return No("the maxima of blocks belong to no single matmul");
  // The kernel takes gate first, the module may compute either first.
  if (group.swiglu && group.swiglu.getGate() == group.segments[1].getY())
    std::swap(group.segments[0], group.segments[1]);
  return group;
}

// "bf16", "int4g32": the numbers, and the group that shares a scale.
std::string NameOf(WeightFormat format) {
  if (std::optional<GroupQuant> quant = QuantOf(format))
    return absl::StrCat("int", quant->bits, "g", quant->group);
  return format == WeightFormat::kBF16Pairs ? "bf16" : "f32";
}

absl::string_view NameOf(Storage storage) { return storage == Storage::kBF16 ? "bf16" : "f32"; }

// Floats have nine digits, which tell any two apart.
std::string KeyOf(const MatmulSpec& spec) {
  std::string key = absl::StrCat("matmul k=", spec.inner, " n=", absl::StrJoin(spec.columns, "+"),
                                 " weights=", NameOf(spec.format));
  if (spec.groups) {
    absl::StrAppend(&key, " experts=", spec.groups->experts,
                    spec.groups->gathers ? " gathered" : "");
  }
  if (spec.rounds_x) absl::StrAppend(&key, " x=bf16");
  if (spec.norm) {
    absl::StrAppendFormat(&key, " norm=%s eps=%.9g", NameOf(spec.norm->storage), spec.norm->eps);
    if (spec.norm->offset != 0) absl::StrAppendFormat(&key, " offset=%.9g", spec.norm->offset);
  }
  if (spec.bias) absl::StrAppend(&key, " bias=", NameOf(*spec.bias));
  if (spec.epilogue == MatmulEpilogue::kAddResidual) absl::StrAppend(&key, " epilogue=residual");
  if (spec.epilogue == MatmulEpilogue::kSwiGlu)
    absl::StrAppendFormat(&key, " epilogue=swiglu limit=%.9g", spec.limit);
  for (const RowProgram& steps : spec.head_steps)
    absl::StrAppend(&key, " heads:", steps.StepsText());
  if (spec.has_block_max) absl::StrAppend(&key, " and maxima of blocks");
  for (const auto& [level, tiling] : spec.tilings)
    absl::StrAppend(&key, " tile[", level, "]: ", TilingText(tiling));
  return key;
}

// Tiles that someone chose fit their levels.
absl::Status CheckTiles(const MatmulSpec& spec) {
  if (spec.tilings.empty()) return absl::OkStatus();
  LATHE_ASSIGN_OR_RETURN(Target cpu, FindTarget("cpu"));
  for (const auto& [name, tiling] : spec.tilings) {
    LATHE_ASSIGN_OR_RETURN(CpuLevel level, FindLevel(cpu, name), "attribute tiles");
    LATHE_RETURN_IF_ERROR(CheckTiling(tiling, level, spec.format, MatmulSources(spec)),
                          "the tile of ", name);
  }
  return absl::OkStatus();
}

// The rows of x and what normalises them.
absl::Status BindInput(DispatchOp dispatch, MatmulGroup& group, MatmulSpec& spec,
                       std::vector<Binding>& bindings) {
  mlir::Value x = group.segments.front().getX();
  auto x_type = TensorTypeOf(x);
  if (x_type.getRank() != 2) return No("the input is not a matrix");
  spec.inner = x_type.getDimSize(1);
  RmsNormOp norm = group.norm;
  if (norm) {
    if (x != norm.getY()) return No("the norm is not of the input");
    x = norm.getX();
  }
  if (!ElementOf(x).isF32()) return No("the input is not f32");
  LATHE_ASSIGN_OR_RETURN(Binding input, InputBinding(dispatch, x));
  bindings.push_back(input);
  if (!norm) return absl::OkStatus();
  LATHE_ASSIGN_OR_RETURN(Binding weight, InputBinding(dispatch, norm.getWeight()));
  bindings.push_back(weight);
  spec.norm = {.width = spec.inner,
               .eps = static_cast<float>(norm.getEps().convertToDouble()),
               .offset = static_cast<float>(norm.getOffset().convertToDouble())};
  LATHE_ASSIGN_OR_RETURN(spec.norm->storage, StorageOf(norm.getWeight()));
  return absl::OkStatus();
}

// Weight and bias of each segment, and what of the spec they decide.
absl::Status BindSegments(DispatchOp dispatch, MatmulGroup& group, MatmulSpec& spec,
                          std::vector<Binding>& bindings) {
  MatmulOp first = group.segments.front();
  mlir::RankedTensorType weight_type = TensorTypeOf(first.getWeight());
  LATHE_ASSIGN_OR_RETURN(spec.format, WeightFormatOf(weight_type));
  const std::string layout(LayoutName(spec.format));
  for (MatmulOp matmul : group.segments) {
    if (matmul.getX() != first.getX()) return No("the matmuls have different inputs");
    LATHE_ASSIGN_OR_RETURN(WeightFormat format, WeightFormatOf(TensorTypeOf(matmul.getWeight())));
    if (format != spec.format) return No("the weights have different types");
    if (static_cast<bool>(matmul.getBias()) != static_cast<bool>(first.getBias()))
      return No("only some matmuls have a bias");
    LATHE_ASSIGN_OR_RETURN(Binding weight, InputBinding(dispatch, matmul.getWeight(), layout));
    bindings.push_back(weight);
    spec.columns.push_back(
        llvm::cast<mlir::RankedTensorType>(matmul.getWeight().getType()).getDimSize(0));
    if (!matmul.getBias()) continue;
    mlir::Type bias_element = ElementOf(matmul.getBias());
    if (bias_element != ElementOf(first.getBias())) return No("the biases have different types");
    if (!bias_element.isF32() && !bias_element.isBF16())
      return No("the bias is neither f32 nor bf16");
    spec.bias = bias_element.isBF16() ? Storage::kBF16 : Storage::kF32;
    LATHE_ASSIGN_OR_RETURN(Binding bias, InputBinding(dispatch, matmul.getBias()));
    bindings.push_back(bias);
  }
  return absl::OkStatus();
}

absl::Status BindBlockMax(DispatchOp dispatch, MatmulGroup& group, MatmulSpec& spec,
                          std::vector<Binding>& bindings) {
  if (group.block_max.getX() != group.segments[0].getY())
    return No("the maxima are not of the product");
  if (group.block_max.getBlock() != kArgmaxBlock) {
    return No(absl::StrCat("leaves maxima of ", kArgmaxBlock, " columns, not of ",
                           group.block_max.getBlock()));
  }
  LATHE_ASSIGN_OR_RETURN(Binding maxima, OutputBinding(dispatch, group.block_max.getMaxima()));
  bindings.push_back(maxima);
  spec.has_block_max = true;
  return absl::OkStatus();
}

// Residual and outputs, or head steps and what they read and write.
absl::Status BindEpilogue(DispatchOp dispatch, MatmulGroup& group, MatmulSpec& spec,
                          KernelChoice& choice) {
  if (group.has_head_steps) return BindHeadSteps(dispatch, group.segments, spec, choice);
  std::vector<Binding>& bindings = choice.bindings;
  if (AddOp add = group.residual) {
    mlir::Value product = group.segments[0].getY();
    bool is_left = StripReshapes(add.getA()) == product;
    if (!is_left && StripReshapes(add.getB()) != product)
      return No("the add does not take the product");
    spec.epilogue = MatmulEpilogue::kAddResidual;
    LATHE_ASSIGN_OR_RETURN(Binding residual,
                           InputBinding(dispatch, is_left ? add.getB() : add.getA()));
    LATHE_ASSIGN_OR_RETURN(Binding output, OutputBinding(dispatch, add.getY()));
    bindings.push_back(residual);
    bindings.push_back(output);
    return absl::OkStatus();
  }
  if (SwigluOp swiglu = group.swiglu) {
    if (swiglu.getGate() != group.segments[0].getY() ||
        swiglu.getUp() != group.segments[1].getY()) {
      return No("swiglu does not take the two matmuls");
    }
    spec.epilogue = MatmulEpilogue::kSwiGlu;
    spec.limit = static_cast<float>(swiglu.getLimit().convertToDouble());
    LATHE_ASSIGN_OR_RETURN(Binding output, OutputBinding(dispatch, swiglu.getY()));
    bindings.push_back(output);
    return absl::OkStatus();
  }
  for (MatmulOp matmul : group.segments) {
    LATHE_ASSIGN_OR_RETURN(Binding output, OutputBinding(dispatch, matmul.getY()));
    bindings.push_back(output);
  }
  return group.block_max ? BindBlockMax(dispatch, group, spec, bindings) : absl::OkStatus();
}

}  // namespace

absl::Status FinishMatmul(DispatchOp dispatch, MatmulSpec spec, KernelChoice& choice) {
  spec.rounds_x = spec.format == WeightFormat::kBF16Pairs && !IsExact(dispatch);
  LATHE_ASSIGN_OR_RETURN(spec.tilings, ReadTiles(dispatch));
  LATHE_RETURN_IF_ERROR(CheckTiles(spec));
  choice.key = KeyOf(spec);
  choice.items.coefficient = MatmulItems(spec);
  choice.scratch_bytes = MatmulScratchBytes(spec);
  choice.tiling = [spec](const CpuLevel& level) { return TilingOn(level, spec); };
  choice.tile_reasons = [spec](const CpuLevel& level) {
    return TileReasons(level, TileSubjectOf(spec));
  };
  choice.unit = [spec](const CpuLevel& level) {
    return UnitOfProduct(level, spec.format, spec.rounds_x);
  };
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitMatmul(b, name, spec); };
  return absl::OkStatus();
}

absl::StatusOr<KernelChoice> MatchCpuMatmul(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(MatmulGroup group, Collect(dispatch));
  MatmulSpec spec;
  KernelChoice choice;
  choice.dims = {Rows(group.segments.front().getX())};
  LATHE_RETURN_IF_ERROR(BindInput(dispatch, group, spec, choice.bindings));
  LATHE_RETURN_IF_ERROR(BindSegments(dispatch, group, spec, choice.bindings));
  LATHE_RETURN_IF_ERROR(BindEpilogue(dispatch, group, spec, choice));
  LATHE_RETURN_IF_ERROR(FinishMatmul(dispatch, std::move(spec), choice));
  return choice;
}

}  // namespace lathe
