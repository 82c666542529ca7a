#include "test/support/toy_model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/sampling/source/choose_row.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/base/check.h"
#include "test/support/data.h"
#include "test/support/test_artifact.h"

namespace lathe::testing {
namespace {

enum Symbol : uint32_t {
  kTokens,
  kSequences,
  kLogitRows,
  kMaxPageSymbol,
  kAttendedKeys,
  kCachedKeys,
  kSampleEntries
};

artifact::Expr Rows(uint32_t symbol, int64_t coefficient) {
  return MakeExpr({{coefficient, {symbol}, 0}});
}

// Buffers lie behind each other: layer inputs 0, 1, 2, then the logits, the greedy and the chosen
// ids. A row of a
// layer input takes 64 bytes, of which it uses 12, and a row of logits ends at a multiple of 64, so
// that every start is aligned.
constexpr int64_t kLogitBytes = (kToyVocab * 4 + 63) / 64 * 64;
artifact::Operand LayerInput(int64_t layer) {
  return BufferOperand(Rows(kTokens, layer * 64), Rows(kTokens, kToyHidden * 4), /*written=*/true);
}
artifact::Operand Logits() {
  return BufferOperand(Rows(kTokens, (kToyLayers + 1) * 64), Rows(kLogitRows, kToyVocab * 4),
                       /*written=*/true);
}

// Ids are rows of 64 bytes too.
constexpr int64_t kIdBytes = 64;
artifact::Operand Ids(int64_t index) {
  return BufferOperand(MakeExpr({{(kToyLayers + 1) * 64, {kTokens}, 0},
                                 {kLogitBytes + index * kIdBytes, {kLogitRows}, 0}}),
                       Rows(kLogitRows, 4), /*written=*/true);
}
artifact::Operand GreedyIds() { return Ids(0); }
artifact::Operand NextIds() { return Ids(1); }

artifact::Input* AddInput(artifact::Program& program, const std::string& name, uint32_t symbol,
                          artifact::DType dtype = artifact::I32) {
  artifact::Input* input = program.add_inputs();
  input->set_name(name);
  input->set_dtype(dtype);
  *input->add_shape() = Rows(symbol, 1);
  return input;
}

artifact::Output* AddOutput(artifact::Program& program, const std::string& name,
                            artifact::DType dtype, uint32_t symbol,
                            const artifact::Operand& operand) {
  artifact::Output* output = program.add_outputs();
  output->set_name(name);
  output->set_dtype(dtype);
  *output->add_shape() = Rows(symbol, 1);
  *output->mutable_buffer() = operand.buffer();
  return output;
}

void AddMatrix(artifact::Program& program, const std::string& name, uint32_t symbol, int64_t width,
               const artifact::Operand& operand) {
  *AddOutput(program, name, artifact::F32, symbol, operand)->add_shape() = Constant(width);
}

void AddCommand(artifact::Program& program, const std::string& symbol,
                const std::vector<artifact::Operand>& operands,
                const std::vector<artifact::Expr>& dims, const artifact::Expr& items) {
  program.add_kernels()->set_symbol(symbol);
  artifact::Command* command = program.add_commands();
  command->set_name(symbol);
  command->set_kernel(static_cast<uint32_t>(program.kernels_size() - 1));
  for (const artifact::Operand& operand : operands) *command->add_operands() = operand;
  for (const artifact::Expr& dim : dims) *command->add_dims() = dim;
  *command->mutable_items() = items;
}

void FillProgram(artifact::Program& program, const ToyModelOptions& options) {
  program.set_target("cpu");
  program.set_entry("step");
  AddInput(program, "tokens", kTokens);
  AddInput(program, "positions", kTokens);
  AddInput(program, "row_sequence", kTokens);
  AddInput(program, "logit_rows", kLogitRows);
  AddInput(program, "id_limits", kLogitRows);
  *AddInput(program, "sample_settings", kLogitRows, artifact::F32)->add_shape() =
      Constant(sampling::kNumSettings);
  *AddInput(program, "sample_numbers", kLogitRows)->add_shape() = Constant(sampling::kNumNumbers);
  AddInput(program, "sample_ids", kSampleEntries);
  AddInput(program, "sample_values", kSampleEntries, artifact::F32);
  artifact::Expr max_pages = Rows(kMaxPageSymbol, 1);
  std::vector<artifact::Operand> write = {InputOperand(0), InputOperand(1), InputOperand(2),
                                          PageTableOperand(0), PoolOperand(0, 0, true)};
  for (int64_t layer = 0; layer <= kToyLayers; ++layer) write.push_back(LayerInput(layer));
  AddCommand(program, "toy_write", write, {max_pages}, Rows(kTokens, 1));
  AddCommand(program, "toy_logits",
             {InputOperand(3), InputOperand(1), InputOperand(2), PageTableOperand(0),
              PoolOperand(0, 0, false), Logits(), InputOperand(4), GreedyIds()},
             {max_pages, Constant(kToyVocab), Constant(kToyTokenizer),
              Constant(options.padding_wins ? 0 : 1001)},
             Rows(kLogitRows, 1));
  *program.mutable_commands(1)->mutable_flops() = Rows(kAttendedKeys, 1);
  *program.mutable_commands(1)->mutable_bytes_read() = Rows(kCachedKeys, 4);
  AddCommand(program, "toy_sample",
             {Logits(), GreedyIds(), InputOperand(4), InputOperand(5), InputOperand(6),
              InputOperand(7), InputOperand(8), NextIds()},
             {Constant(kToyVocab)}, Rows(kLogitRows, 1));
  program.mutable_kernels(2)->set_scratch_bytes(kToyVocab *
                                                (sizeof(sampling::Candidate) + sizeof(float)));
  AddMatrix(program, "logits", kLogitRows, kToyVocab, Logits());
  AddOutput(program, "next_ids", artifact::I32, kLogitRows, NextIds());
  for (int64_t layer = 0; options.has_probes && layer <= kToyLayers; ++layer) {
    AddMatrix(program, absl::StrCat("layer_inputs.", layer), kTokens, kToyHidden,
              LayerInput(layer));
  }
  *program.mutable_workspace_bytes() = MakeExpr(
      {{(kToyLayers + 1) * 64, {kTokens}, 0}, {kLogitBytes + 2 * kIdBytes, {kLogitRows}, 0}});
}

void AddKvGroup(artifact::Manifest& manifest) {
  constexpr uint64_t kPart = kToyKvHeads * kToyHeadDim * 64 * 4;
  artifact::KvCacheGroup* group = manifest.add_kv_groups();
  group->set_name("kv");
  group->set_num_layers(kToyLayers);
  group->set_kv_heads(kToyKvHeads);
  group->set_head_dim(kToyHeadDim);
  group->set_dtype(artifact::F32);
  group->set_page_tokens(64);
  group->set_value_offset(kPart);
  group->set_layer_bytes(2 * kPart);
  group->set_page_bytes(kToyLayers * 2 * kPart);
  for (uint32_t layer = 0; layer < kToyLayers; ++layer) group->add_model_layers(layer);
  group->set_max_pages_symbol(kMaxPageSymbol);
}

void AddSection(ArtifactWriter& writer, absl::string_view name, absl::string_view bytes) {
  if (bytes.empty()) return;
  auto section = writer.AddSection(name, bytes, /*lazy=*/false);
  LATHE_CHECK(section.ok()) << section.status().ToString();
}

}  // namespace

artifact::Manifest ToyManifest(const ToyModelOptions& options) {
  artifact::Manifest manifest;
  manifest.set_model_name("toy");
  manifest.set_family("none");
  manifest.set_precision("f32");
  manifest.add_targets("cpu");
  for (const char* symbol : {"tokens", "sequences", "logit_rows", "kv.max_pages", "attended_keys",
                             "cached_keys", "sample_entries"})
    manifest.add_symbols(symbol);
  manifest.set_vocab_size(kToyVocab);
  manifest.set_tokenizer_size(kToyTokenizer);
  manifest.set_max_context(kToyContext);
  for (int32_t id : options.stop_ids) manifest.mutable_generation()->add_stop_ids(id);
  manifest.mutable_generation()->set_max_new_tokens(options.max_new_tokens);
  artifact::NamedText* eos = manifest.add_special_tokens();
  eos->set_name("eos_token");
  eos->set_text("<|im_end|>");
  AddKvGroup(manifest);
  FillProgram(*manifest.add_programs(), options);
  return manifest;
}

std::string WriteToyModel(const ToyModelOptions& options) {
  return WriteToyModel(options, ToyManifest(options));
}

std::string WriteToyModel(const ToyModelOptions& options, artifact::Manifest manifest) {
  const std::string path = TempDir() + "/toy.lathe";
  auto writer = ArtifactWriter::Create(path);
  LATHE_CHECK(writer.ok()) << writer.status().ToString();
  LATHE_CHECK(writer->BeginSection(kWeightsSection, true).ok() && writer->EndSection().ok())
      << path;
  auto section =
      writer->AddSection("code.cpu.x86-64-v3", ReadFileOrDie(BinaryPath("toy_kernels.so")), false);
  LATHE_CHECK(section.ok()) << section.status().ToString();
  artifact::Code* code = manifest.add_code();
  code->set_target("cpu");
  code->set_feature_level("x86-64-v3");
  code->set_section(*section);
  AddSection(*writer, "tokenizer", options.tokenizer);
  AddSection(*writer, "chat_template", options.chat_template);
  AddSection(*writer, "cases", options.cases);
  const absl::Status status = writer->Finish(std::move(manifest));
  LATHE_CHECK(status.ok()) << status.ToString();
  return path;
}

std::vector<int32_t> ToyTokens(std::vector<int32_t> prompt, int64_t num_new) {
  size_t num_prompt = prompt.size();
  int64_t sum = 0;
  for (int32_t token : prompt) sum += token;
  for (int64_t i = 0; i < num_new; ++i) {
    prompt.push_back(
        static_cast<int32_t>((sum + static_cast<int64_t>(prompt.size()) - 1) % kToyTokenizer));
    sum += prompt.back();
  }
  return std::vector<int32_t>(prompt.begin() + static_cast<ptrdiff_t>(num_prompt), prompt.end());
}

}  // namespace lathe::testing
