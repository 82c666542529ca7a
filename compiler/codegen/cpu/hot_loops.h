// The loops of generated assembly in which a kernel spends its time: for each function the
// innermost loop with the most multiply-adds. Works on text, so that it serves dumps and artifacts
// alike.
//   for (const HotLoop& loop : FindHotLoops(assembly)) ...
//   MarkHotLoops(assembly);  // the text with lines "; >>> inner loop: 47 instructions, ..."
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

struct InstructionCounts {
  int total = 0;
  int products = 0;  // multiply-adds and dot products
  int loads = 0;     // instructions that read memory, products among them
  int stores = 0;
  int stack = 0;  // loads and stores of the stack: in an inner loop, registers that did not suffice
};

struct HotLoop {
  std::string function;
  // Lines of the text, from 0: the loop's label and the jump back to it.
  size_t first_line = 0;
  size_t last_line = 0;
  InstructionCounts counts;
};

// In the order of the text. Functions without a loop have none, nor those whose loops do not
// multiply where others do: they call them. `assembly`: AT&T syntax as LLVM
// writes it, of one kernel (labels are unique).
std::vector<HotLoop> FindHotLoops(absl::string_view assembly);

// The text with a comment line before and after each such loop.
std::string MarkHotLoops(absl::string_view assembly);

// "47 instructions, 32 FMAs, 34 loads, 0 stores", and the stack where it is used.
std::string CountsText(const InstructionCounts& counts);

}  // namespace lathe
