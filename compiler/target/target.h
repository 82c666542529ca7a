// What the compiler knows about a machine: values read from specs/*.json, which are part of the
// program. Compiling needs no device, and nothing here is asked of the machine that compiles.
//   LATHE_ASSIGN_OR_RETURN(Target cpu, FindTarget("cpu"));
//   for (const CpuLevel& level : cpu.levels) ...
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// How fast a core of a level's usual machines works through independent instructions of a kind, and
// one that waits for the one before.
struct InstructionRate {
  int per_cycle = 0;
  int latency = 0;  // cycles

  bool operator==(const InstructionRate&) const = default;
};

// A set of CPU instructions for which code is generated; the runtime takes the last one that the
// machine has.
struct CpuLevel {
  std::string name;                        // "x86-64-v4"
  std::string llvm_cpu;                    // LLVM's name of the least such machine
  std::vector<std::string> llvm_features;  // what it has beyond that, as LLVM spells it
  std::vector<std::string> features;       // what a machine must have, as /proc/cpuinfo spells it
  int vector_bits = 0;
  int vector_registers = 0;
  // Of vectors of vector_bits.
  InstructionRate fma;
  InstructionRate dot_int8;  // zeros where the level has no such instruction
  InstructionRate dot_bf16;
  int loads_per_cycle = 0;
  // Ranges of memory that a core reads side by side at its full rate.
  int read_streams = 0;

  // Vectors of 16 lanes of f32, the columns of a block of packed weights.
  int64_t VectorsOf16() const { return vector_bits >= 512 ? 1 : 512 / vector_bits; }

  // Whether every machine of the level has `feature`, as `features` spells it. Code uses what a
  // level has: a level names only what is worth using on its machines.
  bool Has(absl::string_view feature) const;

  bool operator==(const CpuLevel&) const = default;
};

struct GpuSpec {
  std::string arch;  // "sm_90a"
  int ptx_version = 0;
  int warp_threads = 0;
  int multiprocessors = 0;
  int64_t shared_bytes_per_block = 0;
  int64_t registers_per_multiprocessor = 0;
  double memory_bytes_per_second = 0;
  double bf16_flops = 0;

  bool operator==(const GpuSpec&) const = default;
};

enum class TargetKind { kCpu, kCuda };

struct Target {
  std::string name;
  TargetKind kind = TargetKind::kCpu;
  std::vector<CpuLevel> levels;  // kCpu: ascending, each a superset of the one before
  GpuSpec gpu;                   // kCuda
};

// The targets that this compiler knows, by name: "cpu", "cuda:sm_90a".
std::vector<std::string> TargetNames();

// NotFound names the known targets.
absl::StatusOr<Target> FindTarget(absl::string_view name);

// The level called `name` of `target`; NotFound names the levels that it has.
absl::StatusOr<CpuLevel> FindLevel(const Target& target, absl::string_view name);

// Reads one spec. Every key must be there and known; `origin` stands in front of messages.
absl::StatusOr<Target> ParseTarget(absl::string_view json, absl::string_view origin);

}  // namespace lathe
