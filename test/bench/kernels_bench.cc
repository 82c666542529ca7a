// Generated kernels on the shapes of Qwen3-0.6B and Qwen3-8B, one thread, beside what the machine
// can do: read bandwidth and FMA peak of the same run.
//   kernels_bench --benchmark_filter=x86-64-v4 --benchmark_min_time=0.5
// Weights of a product are repeated until they exceed the last-level cache, as the layers of a
// model do.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <functional>

#include "compiler/emit/pack_weights.h"
#include "compiler/lower/attention.h"
#include "compiler/lower/matmul.h"
#include "compiler/probe/probe.h"
#include "runtime/base/check.h"
#include "test/support/compiler/kernel_harness.h"

namespace lathe {
namespace {

using ::benchmark::Counter;
using ::lathe::testing::KernelHarness;

constexpr int64_t kWorkingSetBytes = int64_t{256} << 20;

// Zeroed memory at a multiple of 64; every page is touched.
class Buffer {
 public:
  explicit Buffer(int64_t bytes)
      : data_(std::aligned_alloc(4096, static_cast<size_t>((bytes + 4095) / 4096 * 4096))) {
    LATHE_CHECK(data_ != nullptr) << bytes;
    // 0x3c3c is a small bf16: no denormals, no overflow.
    std::memset(data_, 0x3c, static_cast<size_t>(bytes));
  }
  ~Buffer() { std::free(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  void* data_;
};

std::unique_ptr<KernelHarness> Compile(const CpuLevel& level,
                                       const std::function<void(KernelBuilder&)>& emit) {
  auto kernel = KernelHarness::Make("kernel", level, emit);
  LATHE_CHECK(kernel.ok()) << kernel.status().ToString();
  return *std::move(kernel);
}

void AddRates(benchmark::State& state, double bytes, double flops) {
  const auto rate = Counter::kIsIterationInvariantRate;
  if (bytes > 0) state.counters["bytes"] = Counter(bytes, rate, Counter::kIs1000);
  if (flops > 0) state.counters["flops"] = Counter(flops, rate, Counter::kIs1000);
}

// Reads on four streams, as a matrix-vector product does.
void ReadBandwidth(benchmark::State& state, const CpuLevel& level) {
  constexpr int64_t kStreams = 4, kStreamBytes = kWorkingSetBytes / kStreams;
  auto kernel = Compile(level, [](KernelBuilder& b) { EmitReadProbe(b, "kernel", kStreams); });
  Buffer data(kWorkingSetBytes);
  float out[16];
  for (auto _ : state)
    kernel->Run({data.data(), out}, {kStreamBytes}, kStreamBytes / kReadProbeItemBytes);
  AddRates(state, static_cast<double>(kWorkingSetBytes), 0);
}

void ArithmeticPeak(benchmark::State& state, const CpuLevel& level, ArithmeticUnit unit) {
  constexpr int64_t kSteps = 100000;
  double operations = 0;
  auto kernel = Compile(
      level, [&](KernelBuilder& b) { operations = EmitArithmeticProbe(b, "kernel", unit); });
  Buffer data(64), out(kProbeOutputBytes);
  for (auto _ : state) kernel->Run({data.data(), out.data()}, {}, kSteps);
  AddRates(state, 0, static_cast<double>(kSteps) * operations);
}

void Matmul(benchmark::State& state, const CpuLevel& level, const MatmulSpec& spec, int64_t rows) {
  auto kernel = Compile(level, [&](KernelBuilder& b) { EmitMatmul(b, "kernel", spec); });
  int64_t weight_bytes = 0, columns = 0;
  for (int64_t n : spec.columns) {
    weight_bytes += PackedWeightBytes(spec.format, n, spec.inner);
    columns += n;
  }
  const int64_t copies = rows > 8 ? 1 : std::max<int64_t>(1, kWorkingSetBytes / weight_bytes);
  Buffer weights(weight_bytes * copies), x(rows * spec.inner * 4), out(rows * columns * 4);
  Buffer scratch(std::max<int64_t>(64, MatmulScratchBytes(spec)));
  int64_t copy = 0;
  for (auto _ : state) {
    char* weight = weights.data() + copy * weight_bytes;
    std::vector<void*> operands = {x.data()};
    for (int64_t n : spec.columns) {
      operands.push_back(weight);
      weight += PackedWeightBytes(spec.format, n, spec.inner);
    }
    if (spec.epilogue == MatmulEpilogue::kAddResidual) operands.push_back(out.data());
    char* output = out.data();
    for (int64_t n : spec.columns) {
      operands.push_back(output);
      output += rows * n * 4;
    }
    kernel->function()(operands.data(), &rows, 0, MatmulItems(spec), scratch.data());
    copy = (copy + 1) % copies;
  }
  AddRates(state, static_cast<double>(weight_bytes),
           2.0 * static_cast<double>(rows * spec.inner * columns));
}

// From checkpoint rows to the kernels' layout, on one thread.
void PackWeights(benchmark::State& state) {
  constexpr int64_t kColumns = 16384, kInner = 4096, kBytes = kColumns * kInner * 2;
  Buffer source(kBytes), packed(kBytes);
  const TensorView weight{DType::kBF16, {kColumns, kInner}, {source.data(), kBytes}};
  for (auto _ : state) {
    absl::Status status = PackWeight(weight, WeightFormat::kBF16Pairs, 1, {packed.data(), kBytes});
    LATHE_CHECK(status.ok()) << status.ToString();
  }
  AddRates(state, static_cast<double>(kBytes), 0);
}

// `rows` rows of one sequence that end at position `context`.
void Attention(benchmark::State& state, const CpuLevel& level, int64_t rows, int64_t context) {
  AttentionSpec spec;
  spec.heads = 16;
  const int64_t part = 8 * 128 * kPageTokens * 2;
  spec.cache = {8, 128, Storage::kBF16, 2 * part, part};
  spec.scale = 0.088f;
  auto kernel = Compile(level, [&](KernelBuilder& b) { EmitAttention(b, "kernel", spec); });
  const int64_t pages = (context + kPageTokens - 1) / kPageTokens;
  Buffer pool(pages * 2 * part), q(rows * 16 * 128 * 4), out(rows * 16 * 128 * 4);
  std::vector<int32_t> table, positions, sequence(static_cast<size_t>(rows), 0);
  for (int64_t p = 0; p < pages; ++p) table.push_back(static_cast<int32_t>(p));
  double keys = 0;
  for (int64_t r = 0; r < rows; ++r) {
    positions.push_back(static_cast<int32_t>(context - rows + r));
    keys += static_cast<double>(positions.back() + 1);
  }
  for (auto _ : state) {
    kernel->Run(
        {q.data(), pool.data(), table.data(), positions.data(), sequence.data(), out.data()},
        {rows, pages}, AttentionItems(spec, rows), 1, AttentionScratchBytes(spec));
  }
  AddRates(state, static_cast<double>(context * 2 * 8 * 128 * 2), keys * 16 * 128 * 4);
}

void RegisterAll(const CpuLevel& level) {
  auto add = [&](const std::string& name, std::function<void(benchmark::State&)> run) {
    benchmark::RegisterBenchmark((level.name + "/" + name).c_str(),
                                 [run](benchmark::State& state) { run(state); });
  };
  add("limit/read", [=](benchmark::State& s) { ReadBandwidth(s, level); });
  add("limit/fma", [=](benchmark::State& s) { ArithmeticPeak(s, level, ArithmeticUnit::kFmaF32); });
  if (level.Has("avx512_vnni")) {
    add("limit/dot_int8",
        [=](benchmark::State& s) { ArithmeticPeak(s, level, ArithmeticUnit::kDotInt8); });
  }
  const std::pair<std::string, MatmulSpec> products[] = {
      {"qkv", {.inner = 1024, .columns = {2048, 1024, 1024}}},
      {"o", {.inner = 2048, .columns = {1024}, .epilogue = MatmulEpilogue::kAddResidual}},
      {"gate_up", {.inner = 1024, .columns = {3072, 3072}, .epilogue = MatmulEpilogue::kSwiGlu}},
      {"down", {.inner = 3072, .columns = {1024}, .epilogue = MatmulEpilogue::kAddResidual}},
      {"8b.gate_up",
       {.inner = 4096, .columns = {12288, 12288}, .epilogue = MatmulEpilogue::kSwiGlu}},
      {"8b.down", {.inner = 12288, .columns = {4096}, .epilogue = MatmulEpilogue::kAddResidual}},
      {"lm_head", {.inner = 1024, .columns = {151936}}},
  };
  for (const auto& [name, shape] : products) {
    for (WeightFormat format : kAllWeightFormats) {
      MatmulSpec spec = shape;
      spec.format = format;
      for (int64_t rows : {1, 2, 3, 4, 8, 256, 512}) {
        if (name == "lm_head" && rows > 4) continue;
        add("matmul/" + name + "/" + std::string(LayoutName(format)) +
                "/rows:" + std::to_string(rows),
            [=](benchmark::State& s) { Matmul(s, level, spec, rows); });
      }
    }
  }
  for (auto [rows, context] :
       {std::pair<int64_t, int64_t>{1, 1024}, {1, 8192}, {256, 256}, {256, 2048}}) {
    add("attention/rows:" + std::to_string(rows) + "/context:" + std::to_string(context),
        [=, rows = rows, context = context](benchmark::State& s) {
          Attention(s, level, rows, context);
        });
  }
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  for (const lathe::CpuLevel& level : lathe::testing::RunnableLevels()) lathe::RegisterAll(level);
  benchmark::RegisterBenchmark("pack/bf16", lathe::PackWeights);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
