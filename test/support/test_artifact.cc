#include "test/support/test_artifact.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/base/check.h"
#include "test/support/data.h"

namespace lathe::testing {
namespace {

// Bytes of a buffer of rows of floats, each row rounded up to whole 64 bytes, so that buffers are
// aligned for any number of rows.
artifact::Expr RowBytes(int64_t floats_a_row) {
  return MakeExpr({{(floats_a_row + 15) / 16 * 64, {kRows}, 0}});
}

void AddCommand(artifact::Program& program, const std::string& name, uint32_t kernel,
                const std::vector<artifact::Operand>& operands,
                const std::vector<artifact::Expr>& dims, const artifact::Expr& items) {
  artifact::Command* command = program.add_commands();
  command->set_name(name);
  command->set_kernel(kernel);
  for (const artifact::Operand& operand : operands) *command->add_operands() = operand;
  for (const artifact::Expr& dim : dims) *command->add_dims() = dim;
  *command->mutable_items() = items;
  *command->mutable_flops() = items;
  *command->mutable_bytes_read() = items;
  *command->mutable_bytes_written() = items;
  command->add_notes("plain: the only kernel of its kind");
}

uint32_t AddKernel(artifact::Program& program, const std::string& symbol, uint64_t scratch) {
  artifact::Kernel* kernel = program.add_kernels();
  kernel->set_symbol(symbol);
  kernel->set_scratch_bytes(scratch);
  return static_cast<uint32_t>(program.kernels_size() - 1);
}

void AddOutput(artifact::Program& program, const std::string& name, int64_t width,
               const artifact::Operand& buffer) {
  artifact::Output* output = program.add_outputs();
  output->set_name(name);
  output->set_dtype(artifact::F32);
  *output->add_shape() = MakeExpr({{1, {kRows}, 0}});
  *output->add_shape() = Constant(width);
  *output->mutable_buffer() = buffer.buffer();
}

void AddKvGroup(artifact::Manifest& manifest) {
  artifact::KvCacheGroup* group = manifest.add_kv_groups();
  group->set_name("kv");
  group->set_num_layers(1);
  group->set_kv_heads(1);
  group->set_head_dim(4);
  group->set_dtype(artifact::F32);
  group->set_page_tokens(4);
  group->set_value_offset(64);
  group->set_layer_bytes(128);
  group->set_page_bytes(128);
  group->add_model_layers(0);
  group->set_max_pages_symbol(kMaxPages);
}

void FillProgram(artifact::Program& program) {
  program.set_target("cpu");
  program.set_entry("step");
  artifact::Input* input = program.add_inputs();
  input->set_name("x");
  input->set_dtype(artifact::F32);
  *input->add_shape() = MakeExpr({{1, {kRows}, 0}});
  *input->add_shape() = Constant(kTestK);

  const artifact::Expr hidden_bytes = RowBytes(kTestK);
  const artifact::Expr y_bytes = RowBytes(kTestN);
  const artifact::Expr y_end = MakeExpr({{hidden_bytes.terms(0).coefficient(), {kRows}, 0},
                                         {y_bytes.terms(0).coefficient(), {kRows}, 0}});
  const artifact::Expr items_x = MakeExpr({{kTestK, {kRows}, 0}});
  const artifact::Expr items_y = MakeExpr({{kTestN, {kRows}, 0}});

  const uint32_t add_one = AddKernel(program, "add_one", 0);
  const uint32_t matmul = AddKernel(program, "matmul", kTestK * sizeof(float));
  const uint32_t reverse = AddKernel(program, "reverse", 0);
  const uint32_t accumulate = AddKernel(program, "accumulate", 0);
  AddCommand(program, "hidden", add_one,
             {InputOperand(0), BufferOperand(Constant(0), hidden_bytes, true)}, {}, items_x);
  AddCommand(program, "y", matmul,
             {BufferOperand(Constant(0), hidden_bytes, false), WeightOperand(0),
              BufferOperand(hidden_bytes, y_bytes, true)},
             {MakeExpr({{1, {kRows}, 0}}), Constant(kTestK), Constant(kTestN)}, Constant(kTestN));
  AddCommand(program, "state", accumulate,
             {InputOperand(0), PoolOperand(0, 0, true), PageTableOperand(0)}, {Constant(32)},
             MakeExpr({{kTestK, {kRows}, 1 << 20}}));  // the first row, if there is one
  AddCommand(program, "reversed", reverse,
             {BufferOperand(hidden_bytes, y_bytes, false), BufferOperand(y_end, y_bytes, true)},
             {items_y}, items_y);
  AddOutput(program, "hidden", kTestK, BufferOperand(Constant(0), hidden_bytes, true));
  AddOutput(program, "y", kTestN, BufferOperand(y_end, y_bytes, true));
  *program.mutable_workspace_bytes() = MakeExpr({{hidden_bytes.terms(0).coefficient(), {kRows}, 0},
                                                 {2 * y_bytes.terms(0).coefficient(), {kRows}, 0}});
}

}  // namespace

artifact::Expr MakeExpr(const std::vector<TestTerm>& terms) {
  artifact::Expr expr;
  for (const TestTerm& term : terms) {
    artifact::Expr::Term* added = expr.add_terms();
    added->set_coefficient(term.coefficient);
    for (uint32_t symbol : term.symbols) added->add_symbols(symbol);
    added->set_divisor(term.divisor);
  }
  return expr;
}

artifact::Operand InputOperand(uint32_t input) {
  artifact::Operand operand;
  operand.set_input(input);
  return operand;
}

artifact::Operand WeightOperand(uint32_t weight) {
  artifact::Operand operand;
  operand.set_weight(weight);
  return operand;
}

artifact::Operand BufferOperand(artifact::Expr offset, artifact::Expr size, bool written) {
  artifact::Operand operand;
  *operand.mutable_buffer()->mutable_offset() = std::move(offset);
  *operand.mutable_buffer()->mutable_size() = std::move(size);
  operand.set_written(written);
  return operand;
}

artifact::Operand PoolOperand(uint32_t group, uint64_t byte_offset, bool written) {
  artifact::Operand operand;
  operand.mutable_state()->set_group(group);
  operand.mutable_state()->set_part(artifact::StateRef::POOL);
  operand.mutable_state()->set_byte_offset(byte_offset);
  operand.set_written(written);
  return operand;
}

artifact::Operand PageTableOperand(uint32_t group) {
  artifact::Operand operand;
  operand.mutable_state()->set_group(group);
  operand.mutable_state()->set_part(artifact::StateRef::PAGE_TABLE);
  return operand;
}

std::string TestKernels() { return ReadFileOrDie(BinaryPath("test_kernels.so")); }

artifact::Manifest MakeTestManifest() {
  artifact::Manifest manifest;
  manifest.set_model_name("test");
  manifest.set_family("none");
  manifest.set_precision("f32");
  manifest.add_targets("cpu");
  manifest.add_symbols("rows");
  manifest.add_symbols("kv.max_pages");
  AddKvGroup(manifest);
  FillProgram(*manifest.add_programs());
  return manifest;
}

void WriteTestArtifact(const std::string& path, artifact::Manifest manifest) {
  auto writer = ArtifactWriter::Create(path);
  LATHE_CHECK(writer.ok()) << writer.status().ToString();
  std::vector<float> weight;
  for (int64_t n = 0; n < kTestN; ++n) {
    for (int64_t k = 0; k < kTestK; ++k) weight.push_back(TestWeight(n, k));
  }
  artifact::Weight description;
  description.set_name("proj.weight");
  description.set_dtype(artifact::F32);
  description.add_shape(kTestN);
  description.add_shape(kTestK);
  description.set_layout("rows");
  LATHE_CHECK(writer->BeginSection(kWeightsSection, true).ok()) << path;
  LATHE_CHECK(
      writer
          ->AddWeight(description, absl::string_view(reinterpret_cast<const char*>(weight.data()),
                                                     weight.size() * sizeof(float)))
          .ok())
      << path;
  LATHE_CHECK(writer->EndSection().ok()) << path;
  for (const char* level : {"x86-64-v3", "x86-64-v4"}) {
    auto section = writer->AddSection(std::string("code.cpu.") + level, TestKernels(), false);
    LATHE_CHECK(section.ok()) << section.status().ToString();
    artifact::Code* code = manifest.add_code();
    code->set_target("cpu");
    code->set_feature_level(level);
    code->set_section(*section);
  }
  LATHE_CHECK(writer->AddSection("notes", "twelve bytes", false).ok()) << path;
  const absl::Status status = writer->Finish(std::move(manifest));
  LATHE_CHECK(status.ok()) << status.ToString();
}

}  // namespace lathe::testing
