// What a caller gives a program for one step. All addresses are of the program's device (on the
// CPU: any host memory) and must stay valid until Run() returns.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

struct SymbolBinding {
  absl::string_view name;  // "tokens"
  int64_t value = 0;
};

struct InputBinding {
  absl::string_view name;  // "positions"
  const void* data = nullptr;
  uint64_t bytes = 0;  // must be exactly what the input's shape needs in this step
};

struct KvBinding {
  char* pool = nullptr;                 // where the group's pages lie; 64-byte aligned
  const int32_t* page_table = nullptr;  // [sequences, max_pages]
};

struct StepBindings {
  std::vector<SymbolBinding> symbols;  // every symbol that the program uses; others are ignored
  std::vector<InputBinding> inputs;    // every input of the program
  std::vector<KvBinding> kv_groups;    // every cache group, in the manifest's order
};

}  // namespace lathe
