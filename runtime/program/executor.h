// Turns a program's commands into launches: once at load everything that does not change (kernels,
// weights), at each step sizes, addresses and the places where a command must wait for those before
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/device/device.h"
#include "runtime/program/dependencies.h"
#include "runtime/program/expr.h"
#include "runtime/program/step_bindings.h"

namespace lathe {

// The bindings of a step after their names are resolved.
struct StepAddresses {
  absl::Span<const int64_t> values;      // of the expressions
  absl::Span<const void* const> inputs;  // in the program's order
  absl::Span<const KvBinding> kv_groups;
  char* workspace = nullptr;
  int64_t workspace_bytes = 0;  // as the program asks for; what lies behind is out of bounds
};

class Executor {
 public:
  // `weights`: the device's address of each weight of the manifest. Expressions are added to
  // `exprs`. `program` must stay.
  Executor(const artifact::Program& program, absl::Span<const void* const> weights,
           ExprTable& exprs);

  // The launches of one step, in order; valid until the next call. InvalidArgument when a buffer
  // lies outside the workspace.
  absl::StatusOr<absl::Span<const Launch>> Resolve(const StepAddresses& step);

 private:
  enum class Kind : uint8_t { kFixed, kInput, kBuffer, kPool, kPageTable };
  struct Operand {
    Kind kind = Kind::kFixed;
    bool is_written = false;
    uint32_t index = 0;   // of the input or cache group
    uint32_t offset = 0;  // expressions, for buffers
    uint32_t size = 0;
    uint64_t byte_offset = 0;  // in the pool
    const void* fixed = nullptr;
  };
  struct Command {
    uint32_t first_operand = 0;
    uint32_t num_operands = 0;
    uint32_t first_dim = 0;
    uint32_t num_dims = 0;
    uint32_t items = 0;  // expression
  };

  Operand Prepare(const artifact::Operand& operand, absl::Span<const void* const> weights,
                  ExprTable& exprs) const;
  absl::Status ResolveOperand(const Operand& operand, const StepAddresses& step, void** address);

  const artifact::Program& program_;
  std::vector<Command> commands_;
  std::vector<Operand> operands_;
  std::vector<uint32_t> dim_exprs_;
  // Of the current step, reused so that a step allocates nothing.
  std::vector<void*> addresses_;
  std::vector<int64_t> dims_;
  std::vector<Launch> launches_;
  std::vector<Access> accesses_;
  AccessSet pending_;
};

}  // namespace lathe
