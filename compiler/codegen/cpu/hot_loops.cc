#include "compiler/codegen/cpu/hot_loops.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lathe {
namespace {

using Lines = std::vector<absl::string_view>;

struct Instruction {
  absl::string_view mnemonic;
  std::vector<absl::string_view> operands;
};

// Commas inside parentheses belong to an address: "16(%rdi,%rax,8){1to16}".
std::vector<absl::string_view> SplitOperands(absl::string_view text) {
  std::vector<absl::string_view> operands;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    const absl::string_view operand = absl::StripAsciiWhitespace(text.substr(begin, i - begin));
    if (!operand.empty()) operands.push_back(operand);
    begin = i + 1;
  }
  return operands;
}

// None for labels, directives, comments and empty lines.
std::optional<Instruction> ParseInstruction(absl::string_view line) {
  if (line.empty() || !absl::ascii_isspace(static_cast<unsigned char>(line[0])))
    return std::nullopt;
  line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
  if (line.empty() || line[0] == '.') return std::nullopt;
  const size_t end = line.find_first_of(" \t");
  Instruction instruction{line.substr(0, end), {}};
  if (end != absl::string_view::npos) instruction.operands = SplitOperands(line.substr(end));
  return instruction;
}

// "name" of a line "name:"; empty for other lines.
absl::string_view LabelOf(absl::string_view line) {
  if (line.empty() || absl::ascii_isspace(static_cast<unsigned char>(line[0]))) return {};
  const size_t colon = line.find(':');
  return colon == absl::string_view::npos ? absl::string_view() : line.substr(0, colon);
}

bool IsMemory(absl::string_view operand) { return operand.find('(') != absl::string_view::npos; }
bool IsStack(absl::string_view operand) { return operand.find("(%rsp") != absl::string_view::npos; }

// Fused multiply-adds and the dot products of integers and bf16.
bool IsProduct(absl::string_view mnemonic) {
  for (absl::string_view prefix : {"vfmadd", "vfnmadd", "vfmsub", "vfnmsub", "vpdpbusd", "vpdpbssd",
                                   "vpdpwssd", "vdpbf16ps", "vpmaddwd", "vpmaddubsw"}) {
    if (absl::StartsWith(mnemonic, prefix)) return true;
  }
  return false;
}

// An address that is no access: of lea, a prefetch, a padding nop.
bool TouchesNoData(absl::string_view mnemonic) {
  return absl::StartsWith(mnemonic, "lea") || absl::StartsWith(mnemonic, "prefetch") ||
         absl::StartsWith(mnemonic, "nop");
}

void Count(const Instruction& instruction, InstructionCounts& counts) {
  ++counts.total;
  if (IsProduct(instruction.mnemonic)) ++counts.products;
  if (TouchesNoData(instruction.mnemonic)) return;
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    const absl::string_view operand = instruction.operands[i];
    if (!IsMemory(operand)) continue;
    // The last operand is the destination; what does not move there reads it, too.
    const bool is_store = i + 1 == instruction.operands.size() && i > 0 &&
                          !absl::StartsWith(instruction.mnemonic, "cmp") &&
                          !absl::StartsWith(instruction.mnemonic, "test");
    ++(is_store ? counts.stores : counts.loads);
    if (IsStack(operand)) ++counts.stack;
  }
}

// Finds the loops of one function after the other.
class LoopFinder {
 public:
  explicit LoopFinder(const Lines& lines) : lines_(lines) {}

  std::vector<HotLoop> Find() {
    for (size_t i = 0; i < lines_.size(); ++i) {
      const absl::string_view label = LabelOf(lines_[i]);
      if (!label.empty() && label[0] != '.') {
        EndFunction();
        function_ = std::string(label);
      } else if (!label.empty()) {
        labels_[std::string(label)] = i;
      } else {
        AddJump(i);
      }
    }
    EndFunction();
    // Loops that only call others are no place where time is spent.
    const auto multiplies = [](const HotLoop& loop) { return loop.counts.products > 0; };
    if (std::any_of(found_.begin(), found_.end(), multiplies)) {
      std::erase_if(found_, [&](const HotLoop& loop) { return !multiplies(loop); });
    }
    return std::move(found_);
  }

 private:
  // A jump to a label above is the end of a loop; the last one counts where there are several.
  void AddJump(size_t line) {
    const std::optional<Instruction> instruction = ParseInstruction(lines_[line]);
    if (!instruction || instruction->mnemonic[0] != 'j' || instruction->operands.size() != 1)
      return;
    const auto label = labels_.find(std::string(instruction->operands[0]));
    if (label != labels_.end()) loops_[label->second] = line;
  }

  void EndFunction() {
    std::optional<HotLoop> best;
    for (auto loop = loops_.begin(); loop != loops_.end(); ++loop) {
      const auto next = std::next(loop);
      if (next != loops_.end() && next->first <= loop->second) continue;  // not innermost
      HotLoop candidate{function_, loop->first, loop->second, {}};
      for (size_t i = loop->first; i <= loop->second; ++i) {
        if (auto instruction = ParseInstruction(lines_[i])) Count(*instruction, candidate.counts);
      }
      const auto rank = [](const HotLoop& l) {
        return std::make_tuple(l.counts.products, l.counts.total);
      };
      if (!best || rank(candidate) > rank(*best)) best = std::move(candidate);
    }
    if (best) found_.push_back(*std::move(best));
    loops_.clear();
    labels_.clear();
  }

  const Lines& lines_;
  std::string function_;
  std::map<std::string, size_t> labels_;  // of the function
  std::map<size_t, size_t> loops_;        // first line -> last line
  std::vector<HotLoop> found_;
};

}  // namespace

std::vector<HotLoop> FindHotLoops(absl::string_view assembly) {
  const Lines lines = absl::StrSplit(assembly, '\n');
  return LoopFinder(lines).Find();
}

std::string MarkHotLoops(absl::string_view assembly) {
  const Lines lines = absl::StrSplit(assembly, '\n');
  const std::vector<HotLoop> loops = LoopFinder(lines).Find();
  std::string text;
  auto loop = loops.begin();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (loop != loops.end() && loop->first_line == i)
      absl::StrAppend(&text, "; >>> inner loop: ", CountsText(loop->counts), "\n");
    absl::StrAppend(&text, lines[i], i + 1 < lines.size() ? "\n" : "");
    if (loop != loops.end() && loop->last_line == i) {
      absl::StrAppend(&text, "; <<< inner loop of ", loop->function, "\n");
      ++loop;
    }
  }
  return text;
}

std::string CountsText(const InstructionCounts& counts) {
  std::string text = absl::StrCat(counts.total, " instructions, ", counts.products, " FMAs, ",
                                  counts.loads, " loads, ", counts.stores, " stores");
  if (counts.stack > 0)
    absl::StrAppend(&text, ", ", counts.stack, " of them on the stack (spills)");
  return text;
}

}  // namespace lathe
