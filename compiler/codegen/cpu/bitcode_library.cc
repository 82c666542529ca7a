#include "compiler/codegen/cpu/bitcode_library.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

// Around the bytes that tools/cmake/LatheBitcode.cmake embeds.
extern "C" const char lathe_cpu_bitcode_begin[];
extern "C" const char lathe_cpu_bitcode_end[];

namespace lathe {
namespace {

// What clang says of the CPU that it compiled for: it would keep functions from being inlined into
// those of another level, and from using more than that CPU has.
constexpr const char* kForeignAttributes[] = {"target-cpu", "target-features", "tune-cpu",
                                              "no-builtins"};

// Inline functions and constants of headers: shared between objects by default, which would make
// each use of them one that a loader resolves.
void MakePrivate(llvm::GlobalObject& object) {
  if (object.isDeclaration()) return;
  object.setComdat(nullptr);
  object.setLinkage(llvm::GlobalValue::InternalLinkage);
}

absl::StatusOr<std::unique_ptr<llvm::Module>> ReadLibrary(llvm::Module& module) {
  const llvm::StringRef bytes(lathe_cpu_bitcode_begin,
                              static_cast<size_t>(lathe_cpu_bitcode_end - lathe_cpu_bitcode_begin));
  llvm::Expected<std::unique_ptr<llvm::Module>> library = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(bytes, "lathe_cpu_bitcode"), module.getContext());
  if (!library) {
    return absl::InternalError(absl::StrCat("the library of kernels in C++ cannot be read: ",
                                            llvm::toString(library.takeError())));
  }
  (*library)->setDataLayout(module.getDataLayout());
  (*library)->setTargetTriple(module.getTargetTriple());
  for (llvm::Function& function : **library) {
    for (const char* attribute : kForeignAttributes) function.removeFnAttr(attribute);
    if (function.hasExternalLinkage()) continue;  // one of the library's own
    MakePrivate(function);
  }
  for (llvm::GlobalVariable& variable : (*library)->globals()) MakePrivate(variable);
  return std::move(*library);
}

}  // namespace

absl::StatusOr<bool> LinkBitcode(llvm::Module& module) {
  auto is_missing = [](const llvm::Function& function) {
    return function.isDeclaration() && !function.isIntrinsic();
  };
  if (llvm::none_of(module, is_missing)) return false;
  absl::StatusOr<std::unique_ptr<llvm::Module>> library = ReadLibrary(module);
  if (!library.ok()) return library.status();
  std::vector<std::string> linked;
  for (const llvm::Function& function : module) {
    const llvm::Function* body = (*library)->getFunction(function.getName());
    if (is_missing(function) && body != nullptr && !body->isDeclaration())
      linked.push_back(function.getName().str());
  }
  if (llvm::Linker::linkModules(module, *std::move(library), llvm::Linker::LinkOnlyNeeded))
    return absl::InternalError("the library of kernels in C++ cannot be linked");
  for (const std::string& name : linked) MakePrivate(*module.getFunction(name));
  return !linked.empty();
}

}  // namespace lathe
