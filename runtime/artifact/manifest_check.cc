#include "runtime/artifact/manifest_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/artifact/file_header.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using artifact::Manifest;

template <typename... Args>
absl::Status Wrong(const Args&... args) {
  return absl::InvalidArgumentError(
      absl::StrCat(args..., " (compile the model again with the compiler of this build)"));
}

absl::Status CheckIndex(absl::string_view what, uint64_t index, int count) {
  if (index < static_cast<uint64_t>(count)) return absl::OkStatus();
  return Wrong(what, " ", index, " of ", count);
}

// [offset, offset + size) lies inside [0, limit).
bool Inside(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

absl::Status CheckSections(const Manifest& manifest, uint64_t sections_end) {
  absl::flat_hash_set<std::string> names;
  uint64_t end = kHeaderBytes;
  for (const artifact::Section& section : manifest.sections()) {
    const std::string name = absl::StrCat("section ", Quoted(section.name()));
    if (section.name().empty() || !names.insert(section.name()).second) {
      return Wrong(name, ": the name is empty or taken");
    }
    if (section.offset() % kSectionAlignment != 0 || section.offset() < end ||
        !Inside(section.offset(), section.size(), sections_end)) {
      return Wrong(name, ": bytes ", section.offset(), " + ", section.size(),
                   ", expected a multiple of ", kSectionAlignment, " from ", end, " on, up to ",
                   sections_end);
    }
    end = section.offset() + section.size();
  }
  return absl::OkStatus();
}

// Bytes of `elements`, each extent rounded up as its layout wants; none when the number does not
// fit.
std::optional<uint64_t> PackedBytes(const artifact::Weight& weight, uint64_t element_bytes,
                                    int64_t last_multiple, int64_t first_multiple) {
  uint64_t bytes = element_bytes;
  for (int i = 0; i < weight.shape_size(); ++i) {
    int64_t multiple = 1;
    if (i == weight.shape_size() - 2) multiple = first_multiple;
    if (i == weight.shape_size() - 1) multiple = last_multiple;
    int64_t extent = weight.shape(i);
    if (extent < 0 || __builtin_add_overflow(extent, multiple - 1, &extent)) return std::nullopt;
    extent = extent / multiple * multiple;
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) return std::nullopt;
  }
  return bytes;
}

// The layouts of small integers with an f16 scale a group.
struct GroupLayout {
  absl::string_view name;
  int64_t bits;
  int64_t group;
};
constexpr GroupLayout kGroupLayouts[] = {
    {"q8g32n16", 8, 32}, {"q8g128n16", 8, 128}, {"q4g32n16", 4, 32}, {"q4g128n16", 4, 128}};

const GroupLayout* FindGroupLayout(absl::string_view name) {
  for (const GroupLayout& layout : kGroupLayouts) {
    if (layout.name == name) return &layout;
  }
  return nullptr;
}

// Blocks of 16 columns of each matrix: numbers of whole groups, then scales in whole cache lines.
std::optional<uint64_t> GroupBytes(const artifact::Weight& weight, const GroupLayout& layout) {
  const std::optional<uint64_t> numbers = PackedBytes(weight, 1, layout.group, 16);
  const int last = weight.shape_size() - 1;
  if (!numbers || weight.shape(last) == 0) return std::nullopt;
  // Fewer than the numbers, so that no product overflows.
  uint64_t blocks = static_cast<uint64_t>(weight.shape(last - 1) + 15) / 16;
  for (int i = 0; i + 1 < last; ++i) blocks *= static_cast<uint64_t>(weight.shape(i));
  const uint64_t groups = static_cast<uint64_t>((weight.shape(last) - 1) / layout.group + 1);
  // At most a fifth of the numbers, of which a group has 512 or more in a block, so that it fits.
  const uint64_t scales = blocks * ((groups * 32 + 63) / 64 * 64);
  uint64_t bytes = *numbers / static_cast<uint64_t>(8 / layout.bits);
  if (__builtin_add_overflow(bytes, scales, &bytes)) return std::nullopt;
  return bytes;
}

absl::Status CheckWeightSize(const artifact::Weight& weight) {
  const std::optional<DType> dtype = FromProto(weight.dtype());
  if (!dtype) return Wrong("element type ", static_cast<int>(weight.dtype()), " is unknown");
  const size_t element = ByteSize(*dtype);
  std::optional<uint64_t> expected;
  if (weight.layout() == "rows") {
    expected = PackedBytes(weight, element, 1, 1);
  } else if (weight.layout() == "k2n16" && weight.shape_size() >= 2) {
    expected = PackedBytes(weight, element, 2, 16);
  } else if (weight.layout() == "k1n16" && weight.shape_size() >= 2) {
    expected = PackedBytes(weight, element, 1, 16);
  } else if (const GroupLayout* layout = FindGroupLayout(weight.layout());
             layout != nullptr && weight.shape_size() >= 2) {
    expected = GroupBytes(weight, *layout);
  } else {
    return Wrong("layout ", Quoted(weight.layout()), " of a tensor of rank ", weight.shape_size(),
                 ", expected rows, or k2n16, k1n16, or q8 or q4 with g32n16 or g128n16 (rank 2 or "
                 "more)");
  }
  if (!expected) return Wrong("its extents are negative or too large");
  if (weight.size() == *expected) return absl::OkStatus();
  return Wrong(weight.size(), " bytes, expected ", *expected, " for layout ", weight.layout());
}

absl::Status CheckWeights(const Manifest& manifest) {
  uint64_t section_size = 0;
  bool has_section = false;
  for (const artifact::Section& section : manifest.sections()) {
    if (section.name() != kWeightsSection) continue;
    has_section = true;
    section_size = section.size();
  }
  if (manifest.weights_size() > 0 && !has_section) return Wrong("weights without their section");
  for (const artifact::Weight& weight : manifest.weights()) {
    const std::string name = absl::StrCat("weight ", Quoted(weight.name()));
    if (weight.offset() % kBufferAlignment != 0 ||
        !Inside(weight.offset(), weight.size(), section_size)) {
      return Wrong(name, ": bytes ", weight.offset(), " + ", weight.size(),
                   ", expected a multiple of ", kBufferAlignment, " inside the section's ",
                   section_size);
    }
    LATHE_RETURN_IF_ERROR(CheckWeightSize(weight), name);
  }
  return absl::OkStatus();
}

// The layout of a page as artifact.proto describes it, without holes outside and without overlaps
// inside.
absl::Status CheckKvGroup(const artifact::KvCacheGroup& group, int num_symbols) {
  const std::optional<DType> dtype = FromProto(group.dtype());
  if (!dtype) return Wrong("element type ", static_cast<int>(group.dtype()), " is unknown");
  if (group.num_layers() == 0 || group.kv_heads() == 0 || group.head_dim() == 0 ||
      group.page_tokens() == 0) {
    return Wrong("layers, heads, head width and tokens of a page must be positive");
  }
  const std::pair<absl::string_view, uint64_t> limits[] = {{"kv_heads", group.kv_heads()},
                                                           {"head_dim", group.head_dim()},
                                                           {"page_tokens", group.page_tokens()}};
  for (const auto& [name, value] : limits) {  // so that the product of the three fits
    if (value > (1 << 20)) return Wrong(name, " ", value, " is over ", 1 << 20);
  }
  uint64_t part = ByteSize(*dtype);
  if (__builtin_mul_overflow(part, uint64_t{group.kv_heads()} * group.head_dim(), &part) ||
      __builtin_mul_overflow(part, uint64_t{group.page_tokens()}, &part)) {
    return Wrong("a page has too many bytes");
  }
  if (group.value_offset() < part || !Inside(group.value_offset(), part, group.layer_bytes())) {
    return Wrong("the value part at ", group.value_offset(), " + ", part,
                 " does not fit between the key part and the layer's end at ", group.layer_bytes());
  }
  uint64_t layers = 0;
  if (__builtin_mul_overflow(group.layer_bytes(), uint64_t{group.num_layers()}, &layers) ||
      layers > group.page_bytes()) {
    return Wrong(group.num_layers(), " layers of ", group.layer_bytes(),
                 " bytes do not fit in a page of ", group.page_bytes());
  }
  if (group.page_bytes() % kBufferAlignment != 0 || group.layer_bytes() % kBufferAlignment != 0) {
    return Wrong("pages and layers must be multiples of ", kBufferAlignment, " bytes");
  }
  if (group.window() < 0) return Wrong("window ", group.window(), " is negative");
  if (static_cast<uint32_t>(group.model_layers_size()) != group.num_layers()) {
    return Wrong(group.model_layers_size(), " model layers for ", group.num_layers());
  }
  return CheckIndex("max_pages symbol", group.max_pages_symbol(), num_symbols);
}

// Checks the programs of one manifest.
class ProgramCheck {
 public:
  explicit ProgramCheck(const Manifest& manifest) : manifest_(manifest) {}

  absl::Status Check(const artifact::Program& program) const {
    LATHE_RETURN_IF_ERROR(CheckTensors(program));
    LATHE_RETURN_IF_ERROR(CheckExpr(program.workspace_bytes()), "workspace_bytes");
    for (const artifact::Kernel& kernel : program.kernels()) {
      if (kernel.symbol().empty()) return Wrong("a kernel without a symbol");
      if (kernel.scratch_bytes() > (uint64_t{1} << 40)) {
        return Wrong("kernel ", Quoted(kernel.symbol()), ": ", kernel.scratch_bytes(),
                     " bytes of scratch memory a worker");
      }
    }
    for (int i = 0; i < program.commands_size(); ++i) {
      const artifact::Command& command = program.commands(i);
      LATHE_RETURN_IF_ERROR(CheckCommand(program, command), "command ", i, " ",
                            Quoted(command.name()));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckExpr(const artifact::Expr& expr) const {
    for (const artifact::Expr::Term& term : expr.terms()) {
      if (term.divisor() < 0) return Wrong("divisor ", term.divisor(), " is negative");
      for (uint32_t symbol : term.symbols()) {
        LATHE_RETURN_IF_ERROR(CheckIndex("symbol", symbol, manifest_.symbols_size()));
      }
    }
    return absl::OkStatus();
  }

  template <typename Exprs>
  absl::Status CheckExprs(const Exprs& exprs) const {
    for (const artifact::Expr& expr : exprs) LATHE_RETURN_IF_ERROR(CheckExpr(expr));
    return absl::OkStatus();
  }

  absl::Status CheckBuffer(const artifact::BufferRef& buffer) const {
    LATHE_RETURN_IF_ERROR(CheckExpr(buffer.offset()));
    return CheckExpr(buffer.size());
  }

  // An input or an output: its name, type and shape.
  template <typename Tensor>
  absl::Status CheckTensor(const Tensor& tensor, absl::flat_hash_set<std::string>& names) const {
    if (tensor.name().empty() || !names.insert(tensor.name()).second) {
      return Wrong("the name is empty or taken");
    }
    if (!FromProto(tensor.dtype())) {
      return Wrong("element type ", static_cast<int>(tensor.dtype()), " is unknown");
    }
    return CheckExprs(tensor.shape());
  }

  absl::Status CheckTensors(const artifact::Program& program) const {
    absl::flat_hash_set<std::string> inputs;
    for (const artifact::Input& input : program.inputs()) {
      LATHE_RETURN_IF_ERROR(CheckTensor(input, inputs), "input ", Quoted(input.name()));
    }
    absl::flat_hash_set<std::string> outputs;
    for (const artifact::Output& output : program.outputs()) {
      LATHE_RETURN_IF_ERROR(CheckTensor(output, outputs), "output ", Quoted(output.name()));
      LATHE_RETURN_IF_ERROR(CheckBuffer(output.buffer()), "output ", Quoted(output.name()));
    }
    return absl::OkStatus();
  }

  absl::Status CheckOperand(const artifact::Program& program,
                            const artifact::Operand& operand) const {
    switch (operand.kind_case()) {
      case artifact::Operand::kInput:
        if (operand.written()) return Wrong("an input is written");
        return CheckIndex("input", operand.input(), program.inputs_size());
      case artifact::Operand::kWeight:
        // The mapping is read-only: a kernel that writes there would crash.
        if (operand.written()) return Wrong("a weight is written");
        return CheckIndex("weight", operand.weight(), manifest_.weights_size());
      case artifact::Operand::kBuffer:
        return CheckBuffer(operand.buffer());
      case artifact::Operand::kState:
        return CheckState(operand);
      case artifact::Operand::KIND_NOT_SET:
        return Wrong("of no kind that this build knows");
    }
    return Wrong("of no kind that this build knows");
  }

  absl::Status CheckState(const artifact::Operand& operand) const {
    const artifact::StateRef& state = operand.state();
    LATHE_RETURN_IF_ERROR(CheckIndex("cache group", state.group(), manifest_.kv_groups_size()));
    const artifact::KvCacheGroup& group = manifest_.kv_groups(static_cast<int>(state.group()));
    switch (state.part()) {
      case artifact::StateRef::POOL:
        if (state.byte_offset() < group.page_bytes()) return absl::OkStatus();
        return Wrong("byte ", state.byte_offset(), " of a page of ", group.page_bytes());
      case artifact::StateRef::PAGE_TABLE:
        if (operand.written()) return Wrong("a page table is written");
        if (state.byte_offset() == 0) return absl::OkStatus();
        return Wrong("byte ", state.byte_offset(), " of a page table, expected 0");
      default:
        return Wrong("part ", static_cast<int>(state.part()), " of a cache group is unknown");
    }
  }

  absl::Status CheckCommand(const artifact::Program& program,
                            const artifact::Command& command) const {
    LATHE_RETURN_IF_ERROR(CheckIndex("kernel", command.kernel(), program.kernels_size()));
    for (int i = 0; i < command.operands_size(); ++i) {
      LATHE_RETURN_IF_ERROR(CheckOperand(program, command.operands(i)), "operand ", i);
    }
    LATHE_RETURN_IF_ERROR(CheckExprs(command.dims()), "dims");
    LATHE_RETURN_IF_ERROR(CheckExpr(command.items()), "items");
    LATHE_RETURN_IF_ERROR(CheckExpr(command.flops()), "flops");
    LATHE_RETURN_IF_ERROR(CheckExpr(command.bytes_read()), "bytes_read");
    LATHE_RETURN_IF_ERROR(CheckExpr(command.bytes_written()), "bytes_written");
    return absl::OkStatus();
  }

  const Manifest& manifest_;
};

absl::Status CheckPrograms(const Manifest& manifest) {
  absl::flat_hash_set<std::pair<std::string, std::string>> names;
  for (const artifact::Program& program : manifest.programs()) {
    const std::string name =
        absl::StrCat("program ", Quoted(program.entry()), " for ", Quoted(program.target()));
    if (!names.emplace(program.target(), program.entry()).second) {
      return Wrong(name, ": there are two");
    }
    LATHE_RETURN_IF_ERROR(ProgramCheck(manifest).Check(program), name);
  }
  return absl::OkStatus();
}

absl::Status CheckSymbols(const Manifest& manifest) {
  absl::flat_hash_set<std::string> names;
  for (const std::string& symbol : manifest.symbols()) {
    if (symbol.empty() || !names.insert(symbol).second) {
      return Wrong("symbol ", Quoted(symbol), ": the name is empty or taken");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckManifest(const Manifest& manifest, uint64_t sections_end) {
  LATHE_RETURN_IF_ERROR(CheckSections(manifest, sections_end));
  LATHE_RETURN_IF_ERROR(CheckSymbols(manifest));
  LATHE_RETURN_IF_ERROR(CheckWeights(manifest));
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    LATHE_RETURN_IF_ERROR(CheckKvGroup(group, manifest.symbols_size()), "cache group ",
                          Quoted(group.name()));
  }
  LATHE_RETURN_IF_ERROR(CheckPrograms(manifest));
  if (!manifest.code().empty() && manifest.kernel_abi() != kKernelAbi) {
    return Wrong("kernel ABI ", manifest.kernel_abi(), ", this build calls kernels of ABI ",
                 kKernelAbi, " only");
  }
  for (const artifact::Code& code : manifest.code()) {
    LATHE_RETURN_IF_ERROR(CheckIndex("section", code.section(), manifest.sections_size()),
                          "code for ", Quoted(code.target()), " ", Quoted(code.feature_level()));
  }
  if (manifest.max_context() < 0 || manifest.vocab_size() < 0 || manifest.tokenizer_size() < 0 ||
      manifest.tokenizer_size() > manifest.vocab_size()) {
    return Wrong("max_context ", manifest.max_context(), ", vocab_size ", manifest.vocab_size(),
                 ", tokenizer_size ", manifest.tokenizer_size(),
                 ": negative, or more tokens than logits");
  }
  return absl::OkStatus();
}

}  // namespace lathe
