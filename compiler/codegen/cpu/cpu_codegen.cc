#include "compiler/codegen/cpu/cpu_codegen.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "compiler/codegen/cpu/bitcode_library.h"
#include "compiler/codegen/cpu/lower_to_llvm.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "runtime/base/start_thread.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr char kTriple[] = "x86_64-unknown-linux-gnu";

void InitializeX86() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
}

// "+avx512vnni,+avx512bf16".
std::string FeatureString(const CpuLevel& level) {
  std::vector<std::string> enabled;
  for (const std::string& feature : level.llvm_features) enabled.push_back("+" + feature);
  return llvm::join(enabled, ",");
}

absl::StatusOr<std::unique_ptr<llvm::TargetMachine>> MakeTargetMachine(const CpuLevel& level) {
  InitializeX86();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), error);
  if (target == nullptr) return absl::InternalError("LLVM has no x86-64 target: " + error);
  llvm::TargetOptions options;
  // A product and a sum stay two roundings where the kernel does not ask for one: else the choice
  // could differ between tiles.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      llvm::Triple(kTriple), level.llvm_cpu, FeatureString(level), options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  if (machine == nullptr) return absl::InternalError("LLVM has no machine " + level.llvm_cpu);
  return machine;
}

// Attributes that the generated functions need: LLVM splits 512-bit vectors unless told, and
// without "no-builtins" it turns loops into calls of memset and memcpy, which nobody provides.
void SetAttributes(llvm::Module& module, const CpuLevel& level) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", level.llvm_cpu);
    function.addFnAttr("target-features", FeatureString(level));
    function.addFnAttr("prefer-vector-width", std::to_string(level.vector_bits));
    function.addFnAttr("no-builtins");
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

// `has_cpp`: whether a part of the module is C++, whose loops are yet to become vectors. Those that
// kernels emit are written in vectors and unrolled already.
void Optimize(llvm::Module& module, llvm::TargetMachine& machine, bool has_cpp) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager call_graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = has_cpp;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = has_cpp;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(call_graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, call_graph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

absl::StatusOr<std::string> EmitFile(llvm::Module& module, llvm::TargetMachine& machine,
                                     llvm::CodeGenFileType type) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, out, nullptr, type)) {
    return absl::InternalError("LLVM cannot write object code for this machine");
  }
  passes.run(module);
  return std::string(bytes);
}

// Runs compile(i) for i in [0, count) on `threads` threads; the first error in index order is
// returned.
template <typename Compile>
absl::Status ParallelFor(size_t count, int threads, const Compile& compile) {
  std::vector<absl::Status> results(count);
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < count; i = next++) results[i] = compile(i);
  };
  std::vector<std::thread> workers;
  // Whatever does not start leaves more to those that run.
  for (int t = 1; t < threads && StartThread(workers, work); ++t) {
  }
  work();
  for (std::thread& worker : workers) worker.join();
  for (absl::Status& status : results) LATHE_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

// Parses and compiles one source in an MLIR context of its own.
absl::StatusOr<CpuObject> CompileSource(const KernelSource& source, const CpuLevel& level,
                                        bool keep_text) {
  mlir::DialectRegistry registry;
  RegisterKernelDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();  // the module may carry attributes of the phases before
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic& diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(source.mlir, &context, source.name);
  if (!module) return absl::InvalidArgumentError("cannot be parsed: " + diagnostics);
  if (module->lookupSymbol(source.name) == nullptr) {
    return absl::InvalidArgumentError("the module holds no function of that name");
  }
  LATHE_ASSIGN_OR_RETURN(CpuObject object, CompileCpu(*module, level, keep_text));
  object.name = source.name;
  return object;
}

}  // namespace

std::string PrintKernel(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  return text + "\n";
}

KernelSource EmitKernel(const std::string& name, const CpuLevel& level,
                        absl::FunctionRef<void(KernelBuilder&)> emit) {
  mlir::DialectRegistry registry;
  RegisterKernelDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(mlir::UnknownLoc::get(&context)));
  KernelBuilder builder(*module, level);
  emit(builder);
  return {name, PrintKernel(*module)};
}

absl::StatusOr<CpuObject> CompileCpu(mlir::ModuleOp module, const CpuLevel& level, bool keep_text) {
  LATHE_RETURN_IF_ERROR(LowerToLlvm(module));
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(module, context);
  if (code == nullptr) return absl::InternalError("the kernel has no translation to LLVM IR");
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<llvm::TargetMachine> machine, MakeTargetMachine(level));
  code->setDataLayout(machine->createDataLayout());
  code->setTargetTriple(machine->getTargetTriple());
  LATHE_ASSIGN_OR_RETURN(const bool has_cpp, LinkBitcode(*code));
  SetAttributes(*code, level);
  Optimize(*code, *machine, has_cpp);
  CpuObject object;
  if (keep_text) {
    llvm::raw_string_ostream(object.llvm_ir) << *code;
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*code);
    LATHE_ASSIGN_OR_RETURN(object.assembly,
                           EmitFile(*copy, *machine, llvm::CodeGenFileType::AssemblyFile));
  }
  LATHE_ASSIGN_OR_RETURN(object.bytes,
                         EmitFile(*code, *machine, llvm::CodeGenFileType::ObjectFile));
  return object;
}

absl::StatusOr<CpuCode> CompileKernels(absl::Span<const KernelSource> kernels,
                                       const CpuLevel& level, const CpuCodeOptions& options) {
  CpuCode code;
  code.kernels.resize(kernels.size());
  LATHE_RETURN_IF_ERROR(ParallelFor(kernels.size(), options.threads, [&](size_t i) {
    LATHE_ASSIGN_OR_RETURN(code.kernels[i], CompileSource(kernels[i], level, options.keep_text),
                           "kernel ", kernels[i].name, " for ", level.name);
    return absl::OkStatus();
  }));
  LATHE_ASSIGN_OR_RETURN(code.elf, LinkCpu(code.kernels), "code for ", level.name);
  for (CpuObject& object : code.kernels) object.bytes.clear();
  return code;
}

}  // namespace lathe
