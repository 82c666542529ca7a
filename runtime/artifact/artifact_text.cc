#include "runtime/artifact/artifact_text.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

std::string DTypeText(artifact::DType dtype) {
  const std::optional<DType> known = FromProto(dtype);
  return known ? std::string(DTypeName(*known)) : "?";
}

template <typename Tensor>
std::string TensorText(const Tensor& tensor, const SymbolNames& symbols) {
  return absl::StrCat(tensor.name(), " ", ShapeText(tensor.shape(), symbols), " ",
                      DTypeText(tensor.dtype()));
}

std::string OperandText(const artifact::Manifest& manifest, const artifact::Program& program,
                        const artifact::Operand& operand) {
  std::string text = operand.written() ? "writes " : "reads  ";
  switch (operand.kind_case()) {
    case artifact::Operand::kInput:
      absl::StrAppend(&text, "input ", program.inputs(static_cast<int>(operand.input())).name());
      break;
    case artifact::Operand::kWeight: {
      const artifact::Weight& weight = manifest.weights(static_cast<int>(operand.weight()));
      absl::StrAppend(&text, "weight ", weight.name(), " [", absl::StrJoin(weight.shape(), ", "),
                      "] ", DTypeText(weight.dtype()), " ", weight.layout());
      break;
    }
    case artifact::Operand::kBuffer:
      absl::StrAppend(&text, "buffer at ", ExprText(operand.buffer().offset(), manifest.symbols()),
                      ", ", ExprText(operand.buffer().size(), manifest.symbols()), " bytes");
      break;
    case artifact::Operand::kState: {
      const auto& group = manifest.kv_groups(static_cast<int>(operand.state().group()));
      const bool is_pool = operand.state().part() == artifact::StateRef::POOL;
      absl::StrAppend(&text, is_pool ? "pool of " : "page table of ", group.name());
      if (is_pool) absl::StrAppend(&text, " + ", operand.state().byte_offset());
      break;
    }
    case artifact::Operand::KIND_NOT_SET:
      break;
  }
  return text;
}

void AppendEntry(std::string& text, const artifact::Manifest& manifest,
                 const artifact::Program& program) {
  absl::StrAppendFormat(&text, "\nentry %s for %s: %d commands, %d kernels\n", program.entry(),
                        program.target(), program.commands_size(), program.kernels_size());
  for (const artifact::Input& input : program.inputs()) {
    absl::StrAppend(&text, "  in   ", TensorText(input, manifest.symbols()), "\n");
  }
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    absl::StrAppendFormat(
        &text, "  state %s: %d layers, %d heads of %d, %s, %d tokens a page%s\n", group.name(),
        group.num_layers(), group.kv_heads(), group.head_dim(), DTypeText(group.dtype()),
        group.page_tokens(),
        group.window() > 0 ? absl::StrCat(", window ", group.window()) : std::string());
  }
  for (const artifact::Output& output : program.outputs()) {
    absl::StrAppend(&text, "  out  ", TensorText(output, manifest.symbols()), "\n");
  }
}

}  // namespace

std::string MemoryText(const artifact::Manifest& manifest) {
  std::string text = "memory\n";
  uint64_t weights = 0;
  for (const artifact::Weight& weight : manifest.weights()) weights += weight.size();
  absl::StrAppendFormat(&text, "  %-28s %12s  (%d tensors, read in place)\n", "weights",
                        HumanBytes(weights), manifest.weights_size());
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    absl::StrAppendFormat(&text, "  %-28s %12s  (%s a token)\n",
                          absl::StrCat("a page of ", group.name()), HumanBytes(group.page_bytes()),
                          HumanBytes(group.page_bytes() / group.page_tokens()));
  }
  for (const artifact::Program& program : manifest.programs()) {
    absl::StrAppendFormat(&text, "  %-28s %s bytes\n",
                          absl::StrCat("workspace of ", program.entry(), ", ", program.target()),
                          ExprText(program.workspace_bytes(), manifest.symbols()));
  }
  return text;
}

std::string GenerationText(const artifact::GenerationDefaults& defaults) {
  std::string text = "greedy";
  if (defaults.do_sample()) {
    text = absl::StrCat("temperature ", defaults.temperature());
    if (defaults.top_k() > 0) absl::StrAppend(&text, ", top_k ", defaults.top_k());
    if (defaults.top_p() < 1) absl::StrAppend(&text, ", top_p ", defaults.top_p());
    if (defaults.min_p() > 0) absl::StrAppend(&text, ", min_p ", defaults.min_p());
  }
  const float penalty = defaults.repetition_penalty();
  if (penalty != 0 && penalty != 1) absl::StrAppend(&text, ", repetition_penalty ", penalty);
  if (defaults.max_new_tokens() > 0)
    absl::StrAppend(&text, ", at most ", defaults.max_new_tokens(), " tokens");
  absl::StrAppend(&text, "; ends at ");
  if (defaults.stop_ids().empty()) return absl::StrCat(text, "no id");
  return absl::StrCat(text, defaults.stop_ids().size() == 1 ? "id " : "ids ",
                      absl::StrJoin(defaults.stop_ids(), ", "));
}

std::string SummaryText(const Artifact& artifact) {
  const artifact::Manifest& manifest = artifact.manifest();
  std::string text;
  absl::StrAppendFormat(&text, "%s: %s\n", artifact.path(), HumanBytes(artifact.file_bytes()));
  absl::StrAppendFormat(&text, "model     %s, family %s, precision %s\n", manifest.model_name(),
                        manifest.family(), manifest.precision());
  absl::StrAppendFormat(&text, "context   %d tokens, vocabulary %d (tokenizer %d)\n",
                        manifest.max_context(), manifest.vocab_size(), manifest.tokenizer_size());
  absl::StrAppend(&text, "choice    ", GenerationText(manifest.generation()), "\n");
  absl::StrAppend(&text, "targets   ", absl::StrJoin(manifest.targets(), ", "), "\n");
  for (const artifact::Code& code : manifest.code()) {
    absl::StrAppendFormat(&text, "code      %s %s\n", code.target(), code.feature_level());
  }
  absl::StrAppend(&text, "format    ", artifact.format_version(), ", kernel ABI ",
                  manifest.kernel_abi(), "\n");
  absl::StrAppendFormat(&text, "made by   lathe %s %s, source %016x\n",
                        manifest.provenance().compiler_version(), manifest.provenance().command(),
                        manifest.provenance().source_hash());
  text += "\nsections\n";
  for (const artifact::Section& section : manifest.sections()) {
    absl::StrAppendFormat(&text, "  %-28s %12s  at %-12d xxh3 %016x%s\n", section.name(),
                          HumanBytes(section.size()), section.offset(), section.xxh3(),
                          section.lazy() ? "  (checked by --verify)" : "");
  }
  for (const artifact::Program& program : manifest.programs()) {
    AppendEntry(text, manifest, program);
  }
  return absl::StrCat(text, "\n", MemoryText(manifest));
}

std::string ProgramText(const artifact::Manifest& manifest, const artifact::Program& program,
                        bool verbose) {
  size_t width = 0;
  for (const artifact::Command& command : program.commands())
    width = std::max(width, command.name().size());
  std::string text;
  for (int i = 0; i < program.commands_size(); ++i) {
    const artifact::Command& command = program.commands(i);
    absl::StrAppendFormat(&text, "%4d %-*s  %s  items %s\n", i, static_cast<int>(width),
                          command.name(),
                          program.kernels(static_cast<int>(command.kernel())).symbol(),
                          ExprText(command.items(), manifest.symbols()));
    if (!verbose) continue;
    for (const artifact::Operand& operand : command.operands()) {
      absl::StrAppend(&text, "       ", OperandText(manifest, program, operand), "\n");
    }
    absl::StrAppend(&text, "       dims   ", ShapeText(command.dims(), manifest.symbols()), "\n");
    for (const std::string& note : command.notes()) {
      absl::StrAppend(&text, "       why    ", note, "\n");
    }
  }
  return text;
}

}  // namespace lathe
