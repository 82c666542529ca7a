#include "runtime/artifact/manifest_check.h"

#include <functional>
#include <limits>

#include "runtime/artifact/kernel_abi.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::MakeExpr;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kEnd = 3 * 4096;

// A manifest as the writer would finish it: weights of 384 bytes, and code.
artifact::Manifest WholeManifest() {
  artifact::Manifest manifest = testing::MakeTestManifest();
  artifact::Section* weights = manifest.add_sections();
  weights->set_name("weights");
  weights->set_offset(4096);
  weights->set_size(4000);
  artifact::Section* code = manifest.add_sections();
  code->set_name("code");
  code->set_offset(8192);
  code->set_size(100);
  artifact::Weight* weight = manifest.add_weights();
  weight->set_name("w");
  weight->set_dtype(artifact::BF16);
  weight->add_shape(20);
  weight->add_shape(5);
  weight->set_layout("k2n16");
  weight->set_offset(64);
  weight->set_size(32 * 6 * 2);
  artifact::Code* level = manifest.add_code();
  level->set_target("cpu");
  level->set_section(1);
  manifest.set_kernel_abi(kKernelAbi);
  manifest.set_vocab_size(10);
  return manifest;
}

struct Case {
  const char* message;
  std::function<void(artifact::Manifest&)> spoil;
};

artifact::Operand* OperandOf(artifact::Manifest& m, int command, int operand) {
  return m.mutable_programs(0)->mutable_commands(command)->mutable_operands(operand);
}

void ExpectRefused(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    artifact::Manifest manifest = WholeManifest();
    one.spoil(manifest);
    EXPECT_THAT(CheckManifest(manifest, kEnd),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(one.message), HasSubstr("compile the model again"))));
  }
}

TEST(ManifestCheckTest, AcceptsAWholeManifest) {
  LATHE_EXPECT_OK(CheckManifest(WholeManifest(), kEnd));
  LATHE_EXPECT_OK(CheckManifest({}, 4096));
}

TEST(ManifestCheckTest, Sections) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  ExpectRefused({
      {"section \"\": the name is empty", [](auto& m) { m.mutable_sections(1)->clear_name(); }},
      {"section \"weights\": the name is empty or taken",
       [](auto& m) { m.mutable_sections(1)->set_name("weights"); }},
      {"section \"code\": bytes 8193 + 100",
       [](auto& m) { m.mutable_sections(1)->set_offset(8193); }},
      {"section \"weights\": bytes 0 + 4000",
       [](auto& m) { m.mutable_sections(0)->set_offset(0); }},
      {"section \"code\": bytes 4096 + 100",
       [](auto& m) { m.mutable_sections(1)->set_offset(4096); }},
      {"up to 12288", [](auto& m) { m.mutable_sections(1)->set_size(4097); }},
      {"section \"code\"", [=](auto& m) { m.mutable_sections(1)->set_size(most); }},
      {"section \"code\"", [=](auto& m) { m.mutable_sections(1)->set_offset(most & ~4095ull); }},
      {"code for \"cpu\" \"\": section 2 of 2", [](auto& m) { m.mutable_code(0)->set_section(2); }},
  });
}

TEST(ManifestCheckTest, KernelAbi) {
  ExpectRefused({
      {"kernel ABI 0, this build calls kernels of ABI 1 only",
       [](auto& m) { m.clear_kernel_abi(); }},
      {"kernel ABI 2, ", [](auto& m) { m.set_kernel_abi(2); }},
  });
}

TEST(ManifestCheckTest, Weights) {
  ExpectRefused({
      {"weight \"w\": bytes 65 + 384", [](auto& m) { m.mutable_weights(0)->set_offset(65); }},
      {"inside the section's 4000", [](auto& m) { m.mutable_weights(0)->set_offset(3968); }},
      {"weight \"w\"", [](auto& m) { m.mutable_weights(0)->set_offset(~uint64_t{63}); }},
      {"weight \"w\": 383 bytes, expected 384 for layout k2n16",
       [](auto& m) { m.mutable_weights(0)->set_size(383); }},
      {"expected 320 for layout k1n16", [](auto& m) { m.mutable_weights(0)->set_layout("k1n16"); }},
      {"expected 200 for layout rows", [](auto& m) { m.mutable_weights(0)->set_layout("rows"); }},
      {"expected 1152 for layout q8g32n16",
       [](auto& m) { m.mutable_weights(0)->set_layout("q8g32n16"); }},
      {"its extents are negative or too large",
       [](auto& m) {
         m.mutable_weights(0)->set_layout("q8g128n16");
         m.mutable_weights(0)->set_shape(0, int64_t{1} << 31);
         m.mutable_weights(0)->set_shape(1, int64_t{1} << 33);
       }},
      {"layout \"k4n8\"", [](auto& m) { m.mutable_weights(0)->set_layout("k4n8"); }},
      {"layout \"k2n16\" of a tensor of rank 1",
       [](auto& m) { m.mutable_weights(0)->mutable_shape()->RemoveLast(); }},
      {"element type 0 is unknown", [](auto& m) { m.mutable_weights(0)->clear_dtype(); }},
      {"its extents are negative or too large",
       [](auto& m) { m.mutable_weights(0)->set_shape(0, -1); }},
      {"its extents are negative or too large",
       [](auto& m) { m.mutable_weights(0)->set_shape(0, std::numeric_limits<int64_t>::max()); }},
      {"its extents are negative or too large",
       [](auto& m) {
         m.mutable_weights(0)->set_shape(0, int64_t{1} << 40);
         m.mutable_weights(0)->set_shape(1, int64_t{1} << 40);
       }},
      {"weights without their section", [](auto& m) { m.mutable_sections(0)->set_name("other"); }},
  });
}

TEST(ManifestCheckTest, CacheGroups) {
  auto group = [](artifact::Manifest& m) { return m.mutable_kv_groups(0); };
  ExpectRefused({
      {"cache group \"kv\": element type", [=](auto& m) { group(m)->clear_dtype(); }},
      {"must be positive", [=](auto& m) { group(m)->set_page_tokens(0); }},
      {"kv_heads 4294967295 is over", [=](auto& m) { group(m)->set_kv_heads(~0u); }},
      {"the value part at 63 + 64", [=](auto& m) { group(m)->set_value_offset(63); }},
      {"the value part at 65 + 64", [=](auto& m) { group(m)->set_value_offset(65); }},
      {"2 layers of 128 bytes do not fit in a page of 128",
       [=](auto& m) { group(m)->set_num_layers(2); }},
      {"do not fit in a page", [=](auto& m) { group(m)->set_layer_bytes(~uint64_t{63}); }},
      {"multiples of 64", [=](auto& m) { group(m)->set_page_bytes(129); }},
      {"window -1 is negative", [=](auto& m) { group(m)->set_window(-1); }},
      {"0 model layers for 1", [=](auto& m) { group(m)->clear_model_layers(); }},
      {"max_pages symbol 2 of 2", [=](auto& m) { group(m)->set_max_pages_symbol(2); }},
  });
}

TEST(ManifestCheckTest, ProgramsAndTheirTensors) {
  auto program = [](artifact::Manifest& m) { return m.mutable_programs(0); };
  ExpectRefused({
      {"program \"step\" for \"cpu\": there are two",
       [=](auto& m) { *m.add_programs() = m.programs(0); }},
      {"symbol \"rows\": the name is empty or taken", [](auto& m) { m.add_symbols("rows"); }},
      {"workspace_bytes: symbol 9 of 2",
       [=](auto& m) {
         *program(m)->mutable_workspace_bytes() = MakeExpr({{1, {9}}});
       }},
      {"workspace_bytes: divisor -2 is negative",
       [=](auto& m) {
         *program(m)->mutable_workspace_bytes() = MakeExpr({{1, {0}, -2}});
       }},
      {"input \"x\": the name is empty or taken",
       [=](auto& m) { *program(m)->add_inputs() = m.programs(0).inputs(0); }},
      {"input \"x\": element type", [=](auto& m) { program(m)->mutable_inputs(0)->clear_dtype(); }},
      {"input \"x\": symbol 5 of 2",
       [=](auto& m) {
         *program(m)->mutable_inputs(0)->add_shape() = MakeExpr({{1, {5}}});
       }},
      {"output \"hidden\": the name is empty or taken",
       [=](auto& m) { program(m)->mutable_outputs(1)->set_name("hidden"); }},
      {"output \"y\": symbol 5 of 2",
       [=](auto& m) {
         *program(m)->mutable_outputs(1)->mutable_buffer()->mutable_size() = MakeExpr({{1, {5}}});
       }},
      {"a kernel without a symbol",
       [=](auto& m) { program(m)->mutable_kernels(0)->clear_symbol(); }},
      {"bytes of scratch memory a worker",
       [=](auto& m) { program(m)->mutable_kernels(0)->set_scratch_bytes(uint64_t{1} << 41); }},
  });
}

TEST(ManifestCheckTest, Commands) {
  auto command = [](artifact::Manifest& m, int i) {
    return m.mutable_programs(0)->mutable_commands(i);
  };
  ExpectRefused({
      {"command 1 \"y\": kernel 4 of 4", [=](auto& m) { command(m, 1)->set_kernel(4); }},
      {"command 0 \"hidden\": operand 0: input 1 of 1",
       [](auto& m) { OperandOf(m, 0, 0)->set_input(1); }},
      {"operand 0: an input is written", [](auto& m) { OperandOf(m, 0, 0)->set_written(true); }},
      {"operand 1: weight 1 of 1", [](auto& m) { OperandOf(m, 1, 1)->set_weight(1); }},
      {"operand 1: a weight is written", [](auto& m) { OperandOf(m, 1, 1)->set_written(true); }},
      {"operand 1: cache group 1 of 1",
       [](auto& m) { OperandOf(m, 2, 1)->mutable_state()->set_group(1); }},
      {"operand 1: byte 128 of a page of 128",
       [](auto& m) { OperandOf(m, 2, 1)->mutable_state()->set_byte_offset(128); }},
      {"operand 2: a page table is written",
       [](auto& m) { OperandOf(m, 2, 2)->set_written(true); }},
      {"operand 2: byte 4 of a page table",
       [](auto& m) { OperandOf(m, 2, 2)->mutable_state()->set_byte_offset(4); }},
      {"operand 2: part 7 of a cache group",
       [](auto& m) {
         OperandOf(m, 2, 2)->mutable_state()->set_part(static_cast<artifact::StateRef::Part>(7));
       }},
      {"operand 0: of no kind", [](auto& m) { OperandOf(m, 0, 0)->clear_kind(); }},
      {"dims: symbol 3 of 2",
       [=](auto& m) {
         *command(m, 0)->add_dims() = MakeExpr({{1, {3}}});
       }},
      {"items: symbol 3 of 2",
       [=](auto& m) {
         *command(m, 0)->mutable_items() = MakeExpr({{1, {3}}});
       }},
      {"flops: symbol 3 of 2",
       [=](auto& m) {
         *command(m, 0)->mutable_flops() = MakeExpr({{1, {3}}});
       }},
      {"bytes_read: symbol",
       [=](auto& m) {
         *command(m, 0)->mutable_bytes_read() = MakeExpr({{1, {3}}});
       }},
      {"bytes_written",
       [=](auto& m) {
         *command(m, 0)->mutable_bytes_written() = MakeExpr({{1, {3}}});
       }},
  });
}

TEST(ManifestCheckTest, NumbersOfTheModel) {
  ExpectRefused({
      {"max_context -1", [](auto& m) { m.set_max_context(-1); }},
      {"tokenizer_size 11", [](auto& m) { m.set_tokenizer_size(11); }},
  });
}

}  // namespace
}  // namespace lathe
