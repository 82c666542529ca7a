// The kernels of real models (test/data/configs), one thread, on every feature level of this
// machine, beside what the machine can do: read bandwidth and arithmetic peaks of the same run.
//   kernels_bench --benchmark_list_tests
//   kernels_bench --benchmark_filter='x86-64-v4/matmul.*down_proj/rows:1$'
// The name of a benchmark is level, kernel key, model and dispatch, and the step. One iteration is
// a launch of every copy of the dispatch: the copies read weights of their own where reading
// decides, as the layers of a model do. Counters are rates; launch is the time of one launch.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>

#include "compiler/emit/pack_weights.h"
#include "compiler/pipeline/compile.h"
#include "compiler/probe/probe.h"
#include "runtime/base/check.h"
#include "test/bench/model_kernels.h"
#include "test/support/compiler/kernel_harness.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/timed_dispatch.h"

namespace lathe {
namespace {

using ::benchmark::Counter;
using ::lathe::testing::AlignedBytes;
using ::lathe::testing::BenchStep;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::ModelKernel;

constexpr int64_t kWorkingSetBytes = int64_t{256} << 20;

std::unique_ptr<KernelHarness> CompileProbe(const CpuLevel& level,
                                            const std::function<void(KernelBuilder&)>& emit) {
  auto kernel = KernelHarness::Make("kernel", level, emit);
  LATHE_CHECK(kernel.ok()) << kernel.status().ToString();
  return *std::move(kernel);
}

// Bytes that are harmless numbers in every type: no denormals, no overflow.
AlignedBytes SmallNumbers(int64_t bytes) {
  AlignedBytes memory(bytes);
  std::memset(memory.data(), 0x3c, static_cast<size_t>(bytes));
  return memory;
}

// Of one iteration.
void AddRates(benchmark::State& state, double bytes, double flops) {
  const auto rate = Counter::kIsIterationInvariantRate;
  if (bytes > 0) state.counters["bytes"] = Counter(bytes, rate, Counter::kIs1000);
  if (flops > 0) state.counters["flops"] = Counter(flops, rate, Counter::kIs1000);
}

// Reads on four streams, as a matrix-vector product does.
void ReadBandwidth(benchmark::State& state, const CpuLevel& level) {
  constexpr int64_t kStreams = 4, kStreamBytes = kWorkingSetBytes / kStreams;
  auto kernel = CompileProbe(level, [](KernelBuilder& b) { EmitReadProbe(b, "kernel", kStreams); });
  AlignedBytes data = SmallNumbers(kWorkingSetBytes);
  float out[16];
  for (auto _ : state)
    kernel->Run({data.data(), out}, {kStreamBytes}, kStreamBytes / kReadProbeItemBytes);
  AddRates(state, static_cast<double>(kWorkingSetBytes), 0);
}

void ArithmeticPeak(benchmark::State& state, const CpuLevel& level, ArithmeticUnit unit) {
  constexpr int64_t kSteps = 100000;
  double operations = 0;
  auto kernel = CompileProbe(
      level, [&](KernelBuilder& b) { operations = EmitArithmeticProbe(b, "kernel", unit); });
  AlignedBytes data = SmallNumbers(64), out = SmallNumbers(kProbeOutputBytes);
  for (auto _ : state) kernel->Run({data.data(), out.data()}, {}, kSteps);
  AddRates(state, 0, static_cast<double>(kSteps) * operations);
}

// From checkpoint rows to the kernels' layout, on one thread.
void PackWeights(benchmark::State& state) {
  constexpr int64_t kColumns = 16384, kInner = 4096, kBytes = kColumns * kInner * 2;
  AlignedBytes source = SmallNumbers(kBytes), packed = SmallNumbers(kBytes);
  const TensorView weight{DType::kBF16, {kColumns, kInner}, {source.data(), kBytes}};
  for (auto _ : state) {
    absl::Status status = PackWeight(weight, WeightFormat::kBF16Pairs, 1, {packed.data(), kBytes});
    LATHE_CHECK(status.ok()) << status.ToString();
  }
  AddRates(state, static_cast<double>(kBytes), 0);
}

// Holds one compiled dispatch at a time: their weights together exceed memory, and the library
// calls a benchmark several times to find out how often to run it.
class Workbench {
 public:
  absl::StatusOr<TimedDispatch*> Get(const std::string& name, mlir::ModuleOp problem,
                                     const TimedDispatchOptions& options) {
    if (name_ != name) {
      timed_.reset();
      name_.clear();
      absl::StatusOr<std::unique_ptr<TimedDispatch>> timed = TimedDispatch::Make(problem, options);
      if (!timed.ok()) return timed.status();
      timed_ = *std::move(timed);
      name_ = name;
    }
    return timed_.get();
  }

 private:
  std::string name_;
  std::unique_ptr<TimedDispatch> timed_;
};

void RunKernel(benchmark::State& state, TimedDispatch& timed) {
  for (auto _ : state) {
    const absl::Status status = timed.Run();
    if (!status.ok()) return state.SkipWithError(std::string(status.message()).c_str());
  }
  const double copies = timed.copies();
  AddRates(state, copies * timed.work().bytes, copies * timed.work().flops);
  state.counters["launch"] =
      Counter(copies, Counter::kIsIterationInvariantRate | Counter::kInvert, Counter::kIs1000);
}

void RegisterLimits(const CpuLevel& level) {
  auto add = [&](const std::string& name, const std::function<void(benchmark::State&)>& run) {
    benchmark::RegisterBenchmark((level.name + "/limit/" + name).c_str(),
                                 [run](benchmark::State& state) { run(state); });
  };
  add("read", [=](benchmark::State& s) { ReadBandwidth(s, level); });
  add("fma", [=](benchmark::State& s) { ArithmeticPeak(s, level, ArithmeticUnit::kFmaF32); });
  if (level.Has("avx512_vnni"))
    add("dot_int8",
        [=](benchmark::State& s) { ArithmeticPeak(s, level, ArithmeticUnit::kDotInt8); });
  if (level.Has("avx512_bf16"))
    add("dot_bf16",
        [=](benchmark::State& s) { ArithmeticPeak(s, level, ArithmeticUnit::kDotBF16); });
}

// `kernel` and `bench` must stay.
absl::Status RegisterKernel(const CpuLevel& level, const ModelKernel& kernel, Workbench& bench) {
  absl::StatusOr<std::vector<BenchStep>> steps = StepsOf(kernel);
  if (!steps.ok()) return steps.status();
  for (const BenchStep& step : *steps) {
    const std::string name = level.name + "/" + kernel.key + "/" + kernel.path + "/" + step.name;
    const TimedDispatchOptions options{.symbols = step.symbols, .level = level.name};
    benchmark::RegisterBenchmark(name.c_str(), [=, &kernel, &bench](benchmark::State& state) {
      mlir::OwningOpRef<mlir::ModuleOp> const& module = kernel.problem.module;
      absl::StatusOr<TimedDispatch*> timed = bench.Get(name, *module, options);
      if (!timed.ok()) return state.SkipWithError(timed.status().ToString().c_str());
      RunKernel(state, **timed);
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ModelKernel>> AllKernels(mlir::MLIRContext* context) {
  std::vector<std::string> configs;
  for (const auto& entry : std::filesystem::directory_iterator(LATHE_CONFIGS)) {
    if (entry.path().extension() == ".json") configs.push_back(entry.path().string());
  }
  std::sort(configs.begin(), configs.end());
  const StoragePolicy policies[] = {{}, {.weights = "int8"}, {.weights = "int4"}};
  return testing::KernelsOfModels(context, configs, policies);
}

int Main(int argc, char** argv) {
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  absl::StatusOr<std::vector<ModelKernel>> kernels = AllKernels(&context);
  LATHE_CHECK(kernels.ok()) << kernels.status().ToString();
  Workbench bench;
  for (const CpuLevel& level : testing::RunnableLevels()) {
    RegisterLimits(level);
    for (const ModelKernel& kernel : *kernels) {
      const absl::Status registered = RegisterKernel(level, kernel, bench);
      LATHE_CHECK(registered.ok()) << registered.ToString();
    }
  }
  benchmark::RegisterBenchmark("pack/bf16", PackWeights);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) { return lathe::Main(argc, argv); }
