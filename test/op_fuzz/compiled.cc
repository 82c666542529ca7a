#include "test/op_fuzz/compiled.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "compiler/emit/emit.h"
#include "compiler/target/target.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/program/program.h"
#include "test/support/data.h"

namespace lathe::op_fuzz {
namespace {

constexpr int64_t kNumSequences = 2;

// The bytes of a tensor as kernels read them.
std::string BytesOf(const HostTensor& tensor) {
  std::string bytes;
  auto append = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  for (int32_t value : tensor.ints()) append(value);
  for (float value : tensor.floats()) {
    if (tensor.dtype() == DType::kF32) {
      append(value);
    } else {
      append(tensor.dtype() == DType::kBF16 ? F32ToBF16(value) : F32ToF16(value));
    }
  }
  return bytes;
}

absl::StatusOr<HostTensor> TensorOf(const OutputView& view) {
  return HostTensor::FromView({view.dtype, view.shape, {view.data, view.bytes}});
}

// The pages of one cache group, as every runner lays them out: in some order, each with room.
struct Pool {
  std::unique_ptr<DeviceMemory> memory;
  std::vector<int32_t> table;  // [sequences, max_pages]
  std::string symbol;
  int64_t max_pages = 1;
};

absl::StatusOr<std::vector<Pool>> MakePools(const artifact::Manifest& manifest, int64_t tokens,
                                            Device& device) {
  std::vector<Pool> pools;
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    Pool& pool = pools.emplace_back();
    pool.symbol = manifest.symbols(static_cast<int>(group.max_pages_symbol()));
    pool.max_pages = tokens / group.page_tokens() + 1;
    const int64_t count = kNumSequences * pool.max_pages;
    for (int64_t page = 0; page < count; ++page)
      pool.table.push_back(static_cast<int32_t>(count - 1 - page));
    LATHE_ASSIGN_OR_RETURN(
        pool.memory,
        device.Allocate(static_cast<uint64_t>(count) * group.page_bytes(), "pages of a test"));
  }
  return pools;
}

class StepBinder {
 public:
  StepBinder(const artifact::Program& program, const Interpreter::NamedTensors& inputs,
             const artifact::Manifest& manifest, std::vector<Pool>& pools) {
    step_.symbols = {{"sequences", kNumSequences}, {"attended_keys", 0}, {"cached_keys", 0}};
    for (const artifact::Input& input : program.inputs()) {
      const HostTensor& tensor = inputs.at(input.name());
      for (int axis = 0; axis < input.shape_size(); ++axis) {
        const artifact::Expr& extent = input.shape(axis);
        if (extent.terms_size() == 1 && extent.terms(0).symbols_size() == 1)
          Bind(manifest.symbols(static_cast<int>(extent.terms(0).symbols(0))), tensor.dim(axis));
      }
      bytes_.push_back(BytesOf(tensor));
    }
    for (int i = 0; i < program.inputs_size(); ++i) {
      const std::string& bytes = bytes_[static_cast<size_t>(i)];
      step_.inputs.push_back({program.inputs(i).name(), bytes.data(), bytes.size()});
    }
    for (Pool& pool : pools) {
      Bind(pool.symbol, pool.max_pages);
      step_.kv_groups.push_back({pool.memory->data(), pool.table.data()});
    }
  }
  const StepBindings& step() const { return step_; }

 private:
  void Bind(const std::string& name, int64_t value) {
    auto is_same = [&](const SymbolBinding& bound) { return bound.name == name; };
    if (std::none_of(step_.symbols.begin(), step_.symbols.end(), is_same))
      step_.symbols.push_back({name, value});
  }

  StepBindings step_;
  std::vector<std::string> bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CompiledCase>> CompiledCase::Make(mlir::ModuleOp module,
                                                                 const TensorSource& weights) {
  LATHE_ASSIGN_OR_RETURN(Target cpu, FindTarget("cpu"));
  const std::string folder = testing::TempDir();
  const std::string path = folder + "/case.lathe";
  LATHE_RETURN_IF_ERROR(EmitArtifact(module, {cpu}, weights, Attachments(), {}, path).status());
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(path));
  return std::unique_ptr<CompiledCase>(new CompiledCase(folder, std::move(artifact)));
}

absl::StatusOr<StepTensors> CompiledCase::Run(const std::string& level, int threads,
                                              const StepTensors& inputs) {
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<CpuDevice> device,
                         CpuDevice::Create({.threads = threads, .cpu_level = level}));
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                         Program::Load(artifact_, "step", *device));
  int64_t tokens = 0;
  for (const Interpreter::NamedTensors& step : inputs) {
    for (const auto& [name, tensor] : step) tokens += tensor.rank() > 0 ? tensor.dim(0) : 0;
  }
  LATHE_ASSIGN_OR_RETURN(std::vector<Pool> pools, MakePools(artifact_.manifest(), tokens, *device));
  StepTensors outputs;
  for (const Interpreter::NamedTensors& step : inputs) {
    StepBinder binder(program->description(), step, artifact_.manifest(), pools);
    LATHE_RETURN_IF_ERROR(program->Run(binder.step()));
    Interpreter::NamedTensors& results = outputs.emplace_back();
    for (const artifact::Output& output : program->description().outputs()) {
      LATHE_ASSIGN_OR_RETURN(OutputView view, program->Output(output.name()));
      LATHE_ASSIGN_OR_RETURN(results[output.name()], TensorOf(view), output.name());
    }
  }
  return outputs;
}

std::vector<std::string> LevelsHere() {
  absl::StatusOr<Target> cpu = FindTarget("cpu");
  LATHE_CHECK(cpu.ok()) << cpu.status().ToString();
  std::vector<std::string> names;
  for (const CpuLevel& level : cpu->levels) {
    if (ChooseCpuLevel(LevelOf(ReadCpuid()), level.name).ok()) names.push_back(level.name);
  }
  return names;
}

}  // namespace lathe::op_fuzz
