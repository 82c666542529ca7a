#include "runtime/program/program.h"

#include <cstring>
#include <vector>

#include "runtime/artifact/artifact_writer.h"
#include "runtime/device/cpu/cpu_device.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::Constant;
using ::lathe::testing::kTestK;
using ::lathe::testing::kTestN;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The pool of one page of cache group "kv" and its page table.
struct TestPool {
  alignas(64) float page[32] = {};
  int32_t table[1] = {0};
};

std::vector<float> TestInput(int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows * kTestK));
  for (size_t i = 0; i < x.size(); ++i) x[i] = 0.25f * static_cast<float>(i % 13) - 1.0f;
  return x;
}

StepBindings Bind(int64_t rows, const std::vector<float>& x, TestPool& pool) {
  StepBindings step;
  step.symbols = {{"rows", rows}, {"kv.max_pages", 1}};
  step.inputs = {{"x", x.data(), x.size() * sizeof(float)}};
  step.kv_groups = {{reinterpret_cast<char*>(pool.page), pool.table}};
  return step;
}

std::vector<float> ReadOutput(const Program& program, absl::string_view name) {
  absl::StatusOr<OutputView> view = program.Output(name);
  EXPECT_TRUE(view.ok()) << view.status().ToString();
  if (!view.ok()) return {};
  std::vector<float> values(view->bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), view->data, view->bytes);
  return values;
}

// What the program means, in plain loops in the kernels' order.
std::vector<float> ExpectedY(int64_t rows, const std::vector<float>& x) {
  std::vector<float> y(static_cast<size_t>(rows * kTestN));
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < kTestN; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < kTestK; ++k) {
        sum += (x[static_cast<size_t>(m * kTestK + k)] + 1.0f) * testing::TestWeight(n, k);
      }
      y[y.size() - 1 - static_cast<size_t>(m * kTestN + n)] = sum;
    }
  }
  return y;
}

class ProgramTest : public ::testing::Test {
 protected:
  // Writes `manifest` as an artifact, opens it and makes a device.
  void Prepare(const artifact::Manifest& manifest, const CpuOptions& options = {.threads = 2}) {
    const std::string path = testing::TempDir() + "/m.lathe";
    testing::WriteTestArtifact(path, manifest);
    absl::StatusOr<Artifact> opened = Artifact::Open(path);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    artifact_ = std::make_unique<Artifact>(*std::move(opened));
    absl::StatusOr<std::unique_ptr<CpuDevice>> device = CpuDevice::Create(options);
    ASSERT_TRUE(device.ok()) << device.status().ToString();
    device_ = *std::move(device);
  }

  std::unique_ptr<Artifact> artifact_;
  std::unique_ptr<CpuDevice> device_;
};

TEST_F(ProgramTest, RunsFromTheFileToTheOutputs) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  for (int64_t rows : {3, 1, 17, 0, 5}) {  // grows and shrinks
    const std::vector<float> x = TestInput(rows);
    LATHE_ASSERT_OK(program->Run(Bind(rows, x, pool)));
    EXPECT_EQ(ReadOutput(*program, "y"), ExpectedY(rows, x)) << rows;
    LATHE_ASSERT_OK_AND_ASSIGN(OutputView hidden, program->Output("hidden"));
    EXPECT_EQ(hidden.shape, (std::vector<int64_t>{rows, kTestK}));
    EXPECT_EQ(hidden.dtype, DType::kF32);
  }
}

// Bits may depend on the feature level only: not on the threads, nor on what ran before.
TEST_F(ProgramTest, ThreadsDoNotChangeBits) {
  std::vector<float> expected;
  for (int threads = 1; threads <= 5; ++threads) {
    Prepare(testing::MakeTestManifest(), {.threads = threads});
    LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                               Program::Load(*artifact_, "step", *device_));
    TestPool pool;
    const std::vector<float> x = TestInput(33);
    for (int run = 0; run < 20; ++run) {
      LATHE_ASSERT_OK(program->Run(Bind(33, x, pool)));
      const std::vector<float> y = ReadOutput(*program, "y");
      if (expected.empty()) expected = y;
      ASSERT_EQ(y, expected) << threads << " threads, run " << run;
    }
    // The state saw every run once.
    for (size_t i = 0; i < kTestK; ++i) EXPECT_EQ(pool.page[i], 20 * x[i]);
  }
}

TEST_F(ProgramTest, TakesTheBestCodeThatRunsHere) {
  Prepare(testing::MakeTestManifest(), {.cpu_level = "x86-64-v3"});
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  EXPECT_EQ(program->feature_level(), "x86-64-v3");
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(program, Program::Load(*artifact_, "step", *device_));
  // The artifact has no code above that.
  const bool has_v4 = device_->CheckFeatureLevel("x86-64-v4").ok();
  EXPECT_EQ(program->feature_level(), has_v4 ? "x86-64-v4" : "x86-64-v3");
}

TEST_F(ProgramTest, LoadNamesWhatIsMissing) {
  Prepare(testing::MakeTestManifest());
  EXPECT_THAT(Program::Load(*artifact_, "encode_image", *device_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(artifact_->path()), HasSubstr("no entry \"encode_image\""),
                             HasSubstr("it has: step for cpu"), HasSubstr("--target=cpu"))));
  artifact::Manifest manifest = testing::MakeTestManifest();
  manifest.mutable_programs(0)->mutable_kernels(1)->set_symbol("matmull");
  Prepare(manifest);
  EXPECT_THAT(Program::Load(*artifact_, "step", *device_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("code.cpu.x86-64-v"), HasSubstr("\"matmull\""))));
}

TEST_F(ProgramTest, CodeForOtherMachinesIsRefusedWithReasons) {
  const std::string path = testing::TempDir() + "/m.lathe";
  auto writer = ArtifactWriter::Create(path);
  ASSERT_TRUE(writer.ok());
  artifact::Manifest manifest = testing::MakeTestManifest();
  manifest.mutable_programs(0)->clear_commands();
  LATHE_ASSERT_OK_AND_ASSIGN(uint32_t section,
                             writer->AddSection("code", testing::TestKernels(), false));
  for (const char* level : {"x86-64-v4", "x86-64-v9"}) {
    artifact::Code* code = manifest.add_code();
    code->set_target("cpu");
    code->set_feature_level(level);
    code->set_section(section);
  }
  LATHE_ASSERT_OK(writer->Finish(manifest));
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  LATHE_ASSERT_OK_AND_ASSIGN(auto device, CpuDevice::Create({.cpu_level = "x86-64-v3"}));
  EXPECT_THAT(Program::Load(artifact, "step", *device),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path),
                             HasSubstr("code for x86-64-v4 does not run on a CPU of x86-64-v3"),
                             HasSubstr("does not know CPU level \"x86-64-v9\""),
                             HasSubstr("compile the model for it"))));
}

TEST_F(ProgramTest, BindingsAreChecked) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  const std::vector<float> x = TestInput(3);
  auto refused = [&](const StepBindings& step, const char* message) {
    EXPECT_THAT(program->Run(step),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_THAT(program->Output("y"),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the last one failed")));
  };
  StepBindings step = Bind(3, x, pool);
  step.symbols.clear();
  refused(step, "symbol \"rows\" has no value");
  step = Bind(-1, x, pool);
  refused(step, "symbol \"rows\" is -1");
  step = Bind(int64_t{1} << 60, x, pool);
  refused(step, "the step is too large");
  step = Bind(4, x, pool);
  refused(step, "input \"x\": 288 bytes, expected 384 for [rows, 24]");
  step = Bind(3, x, pool);
  step.inputs[0].data = nullptr;
  refused(step, "input \"x\": 0 bytes, expected 288");
  step = Bind(3, x, pool);
  step.inputs[0].name = "xx";
  refused(step, "no input \"xx\" (did you mean \"x\"?)");
  step = Bind(3, x, pool);
  step.inputs.push_back(step.inputs[0]);
  refused(step, "input \"x\" is bound twice");
  step.inputs.clear();
  refused(step, "input \"x\" is not bound");
  step = Bind(3, x, pool);
  step.kv_groups.clear();
  refused(step, "0 cache groups bound, the artifact has 1");
  step = Bind(3, x, pool);
  step.kv_groups[0].pool += 4;
  refused(step, "cache group \"kv\"");
  step = Bind(3, x, pool);
  step.kv_groups[0].page_table = nullptr;
  refused(step, "cache group \"kv\"");
  // What the program does not use need not be bound: max_pages appears in no size.
  step = Bind(3, x, pool);
  step.symbols.pop_back();
  step.symbols.push_back({"unknown", 5});
  LATHE_EXPECT_OK(program->Run(step));
  EXPECT_EQ(ReadOutput(*program, "y"), ExpectedY(3, x));
}

TEST_F(ProgramTest, OutputsAreNamed) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  EXPECT_THAT(program->Output("y"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no step has run")));
  EXPECT_TRUE(program->HasOutput("hidden"));
  EXPECT_FALSE(program->HasOutput("layer_inputs.0"));
  TestPool pool;
  const std::vector<float> x = TestInput(2);
  LATHE_ASSERT_OK(program->Run(Bind(2, x, pool)));
  EXPECT_THAT(program->Output("hiden"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"hidden\"?")));
}

TEST_F(ProgramTest, OutputsMustLieInTheWorkspace) {
  artifact::Manifest manifest = testing::MakeTestManifest();
  *manifest.mutable_programs(0)->mutable_outputs(1)->mutable_buffer()->mutable_size() = Constant(8);
  Prepare(manifest);
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  const std::vector<float> x = TestInput(2);
  EXPECT_THAT(program->Run(Bind(2, x, pool)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("output \"y\": 320 bytes in a buffer of 8")));
}

TEST_F(ProgramTest, WorkspaceIsKnownBeforeAndGrows) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  EXPECT_EQ(program->workspace_bytes(), 0u);
  const std::vector<SymbolBinding> symbols = {{"rows", 1000}};
  LATHE_ASSERT_OK_AND_ASSIGN(uint64_t expected, program->WorkspaceBytes(symbols));
  EXPECT_EQ(expected, 512u * 1000);
  TestPool pool;
  for (int64_t rows : {1, 1000, 1}) {
    const std::vector<float> x = TestInput(rows);
    LATHE_ASSERT_OK(program->Run(Bind(rows, x, pool)));
  }
  EXPECT_GE(program->workspace_bytes(), expected);
  const std::vector<SymbolBinding> huge = {{"rows", int64_t{1} << 50}};
  EXPECT_THAT(program->WorkspaceBytes(huge), testing::IsOk());
}

TEST_F(ProgramTest, AWorkspaceTheSystemRefusesIsNamed) {
  artifact::Manifest manifest = testing::MakeTestManifest();
  *manifest.mutable_programs(0)->mutable_workspace_bytes() = Constant(int64_t{1} << 60);
  Prepare(manifest);
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  const std::vector<float> x = TestInput(1);
  EXPECT_THAT(program->Run(Bind(1, x, pool)), StatusIs(absl::StatusCode::kResourceExhausted,
                                                       HasSubstr("no memory for the workspace")));
}

TEST_F(ProgramTest, RecordsWhatRanAndWhen) {
  Prepare(testing::MakeTestManifest());
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Program> program,
                             Program::Load(*artifact_, "step", *device_));
  TestPool pool;
  StepRecord record;
  for (int64_t rows : {1, 50}) {
    const std::vector<float> x = TestInput(rows);
    LATHE_ASSERT_OK(program->Run(Bind(rows, x, pool), &record));
    EXPECT_EQ(ReadOutput(*program, "y"), ExpectedY(rows, x));
    const auto& commands = program->description().commands();
    ASSERT_EQ(record.commands.size(), static_cast<size_t>(commands.size()));
    EXPECT_EQ(record.times.num_launches(), record.commands.size());
    EXPECT_EQ(record.times.num_workers(), 2);
    for (int i = 0; i < commands.size(); ++i) {
      const CommandRecord& command = record.commands[static_cast<size_t>(i)];
      EXPECT_EQ(command.name, commands.Get(i).name());
      EXPECT_EQ(
          command.kernel,
          program->description().kernels(static_cast<int>(commands.Get(i).kernel())).symbol());
      EXPECT_GT(command.work.bytes, 0) << command.name;
    }
    EXPECT_GT(record.times.BusyNanoseconds(), 0);
  }
}

TEST_F(ProgramTest, DamagedCodeIsRefusedBeforeAnythingRuns) {
  const std::string path = testing::TempDir() + "/m.lathe";
  testing::WriteTestArtifact(path, testing::MakeTestManifest());
  std::string bytes = testing::ReadFileOrDie(path);
  for (size_t at = bytes.find("\x7f"
                              "ELF");
       at != std::string::npos; at = bytes.find("\x7f"
                                                "ELF",
                                                at + 1)) {
    bytes[at + 0x1000] ^= 1;  // in the code itself
  }
  testing::WriteFileOrDie(path, bytes);
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  LATHE_ASSERT_OK_AND_ASSIGN(auto device, CpuDevice::Create({.threads = 1}));
  EXPECT_THAT(Program::Load(artifact, "step", *device),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(path), HasSubstr("\"code.cpu.x86-64-v"))));
}

}  // namespace
}  // namespace lathe
