// Code of an artifact in executable memory: a linked ELF shared object without imports, loaded
// without the system's loader, so that it needs no file of its own and nothing in it can run before
// it is called.
//   LATHE_ASSIGN_OR_RETURN(ElfObject object, ElfObject::Load(bytes));
//   LATHE_ASSIGN_OR_RETURN(const void* kernel, object.Find("matmul_0"));
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/device/cpu/elf_image.h"

namespace lathe {

class ElfObject {
 public:
  // Copies the segments, applies relative relocations, then gives each page its final protection:
  // none is ever writable and executable. InvalidArgument for malformed bytes and for what kernels
  // may not have: imports, other relocations, constructors.
  static absl::StatusOr<ElfObject> Load(absl::string_view elf);

  ElfObject(ElfObject&& other) noexcept;
  ElfObject& operator=(ElfObject&& other) noexcept;
  ~ElfObject();

  // The address of an exported function. NotFound names the nearest one.
  absl::StatusOr<const void*> Find(absl::string_view symbol) const;
  size_t num_functions() const { return functions_.size(); }

 private:
  ElfObject() = default;
  absl::Status Map(absl::string_view elf, const ElfLayout& layout);
  absl::Status Relocate(uint64_t table, uint64_t size, const ElfLayout& layout);
  absl::Status Protect(const ElfLayout& layout);
  absl::Status ReadSymbols(uint64_t table, uint64_t count, uint64_t strings, uint64_t strings_size,
                           const ElfLayout& layout);
  void Unmap();

  char* image_ = nullptr;
  uint64_t size_ = 0;
  absl::flat_hash_map<std::string, const void*> functions_;
};

}  // namespace lathe
