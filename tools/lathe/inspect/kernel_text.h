// The kernels inside an artifact as text: who runs which, assembly, LLVM IR.
//   LATHE_ASSIGN_OR_RETURN(std::string symbol, FindKernel(manifest,
//   "model.layers.0.mlp.down_proj"));
//   LATHE_ASSIGN_OR_RETURN(auto codes, CodeOfLevel(manifest, "x86-64-v4"));
//   LATHE_ASSIGN_OR_RETURN(auto objects, CompileAgain(artifact, codes, symbol));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe {

// The symbol of the kernel called `name`, or of the kernel of the dispatch called `name`. NotFound
// says the nearest name.
absl::StatusOr<std::string> FindKernel(const artifact::Manifest& manifest, const std::string& name);

// The code of the artifact for `level`, or all of it when that is empty. NotFound names the levels
// that there are.
absl::StatusOr<std::vector<const artifact::Code*>> CodeOfLevel(const artifact::Manifest& manifest,
                                                               const std::string& level);

// The assembly that the artifact keeps of one kernel; empty when the code has no such kernel.
absl::StatusOr<std::string> KernelAssembly(const Artifact& artifact, const artifact::Code& code,
                                           const std::string& symbol);

// Compiles one kernel once more for each of `codes`, from the IR that the artifact keeps, with its
// LLVM IR and assembly: artifacts would double in size if they held these. NotFound for an artifact
// without IR.
absl::StatusOr<std::vector<CpuObject>> CompileAgain(const Artifact& artifact,
                                                    absl::Span<const artifact::Code* const> codes,
                                                    const std::string& symbol);

// Bytes of machine instructions in a relocatable object.
absl::StatusOr<uint64_t> InstructionBytes(const CpuObject& object);

}  // namespace lathe
