#include "compiler/select/kernel_choice.h"

#include "absl/strings/str_format.h"
#include "runtime/base/hash.h"

namespace lathe {

std::string KernelSymbol(absl::string_view mnemonic, const KernelChoice& choice) {
  return absl::StrFormat("%s_%016x", mnemonic, Hash64(choice.key));
}

}  // namespace lathe
