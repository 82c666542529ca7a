#include "runtime/device/cpu/elf_image.h"

#include <elf.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// Enough for any model's code; keeps sums of two numbers below far from overflow.
constexpr uint64_t kMaxImageBytes = uint64_t{1} << 30;
// A linked object has about ten.
constexpr int kMaxProgramHeaders = 64;

template <typename... Args>
absl::Status Malformed(const Args&... args) {
  return absl::InvalidArgumentError(absl::StrCat("ELF: ", args...));
}

bool Inside(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

absl::StatusOr<Elf64_Ehdr> ReadHeader(absl::string_view elf) {
  Elf64_Ehdr header;
  if (elf.size() < sizeof(header)) return Malformed(elf.size(), " bytes, no room for the header");
  std::memcpy(&header, elf.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return Malformed("the magic is missing");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_ident[EI_VERSION] != EV_CURRENT || header.e_machine != EM_X86_64) {
    return Malformed("class ", header.e_ident[EI_CLASS], ", machine ", header.e_machine,
                     ", expected 64 bits, little endian, x86-64");
  }
  if (header.e_type != ET_DYN) {
    return Malformed("type ", header.e_type, ", expected a shared object");
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum > kMaxProgramHeaders ||
      !Inside(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), elf.size())) {
    return Malformed(header.e_phnum, " program headers of ", header.e_phentsize, " bytes at ",
                     header.e_phoff, " in ", elf.size(), " bytes");
  }
  return header;
}

absl::Status AddSegment(const Elf64_Phdr& header, uint64_t elf_size, ElfLayout& layout) {
  if (!Inside(header.p_offset, header.p_filesz, elf_size) || header.p_filesz > header.p_memsz ||
      !Inside(header.p_vaddr, header.p_memsz, kMaxImageBytes)) {
    return Malformed("a segment of ", header.p_filesz, " bytes at ", header.p_offset,
                     " for address ", header.p_vaddr, " does not fit (", elf_size,
                     " bytes in all)");
  }
  // A power of two up to a page: then the image may start at any page.
  if (header.p_align > kElfPage || (header.p_align & (header.p_align - 1)) != 0) {
    return Malformed("a segment is aligned to ", header.p_align, ", expected at most ", kElfPage);
  }
  ElfSegment segment;
  segment.file_offset = header.p_offset;
  segment.file_size = header.p_filesz;
  segment.address = header.p_vaddr;
  segment.memory_size = header.p_memsz;
  segment.is_writable = (header.p_flags & PF_W) != 0;
  segment.is_executable = (header.p_flags & PF_X) != 0;
  if (segment.is_writable && segment.is_executable) {
    return Malformed("a segment is writable and executable");
  }
  // image_size is the first free page: pages have one protection, so segments may not share them.
  if (segment.address / kElfPage * kElfPage < layout.image_size) {
    return Malformed("the segment at ", segment.address,
                     " shares a page with the one before, or they are not in ascending order");
  }
  layout.image_size = (segment.address + segment.memory_size + kElfPage - 1) / kElfPage * kElfPage;
  layout.segments.push_back(segment);
  return absl::OkStatus();
}

absl::Status AddHeader(const Elf64_Phdr& header, uint64_t elf_size, ElfLayout& layout) {
  switch (header.p_type) {
    case PT_LOAD:
      return AddSegment(header, elf_size, layout);
    case PT_DYNAMIC:
      layout.dynamic_address = header.p_vaddr;
      layout.dynamic_size = header.p_memsz;
      return absl::OkStatus();
    case PT_GNU_RELRO:
      layout.relro_address = header.p_vaddr;
      layout.relro_size = header.p_memsz;
      return absl::OkStatus();
    case PT_INTERP:
      return Malformed("it asks for an interpreter");
    case PT_TLS:
      return Malformed("it has thread-local storage");
    default:  // notes, unwind tables, the stack's flags: nothing that kernels use
      return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<ElfLayout> ReadElfLayout(absl::string_view elf) {
  LATHE_ASSIGN_OR_RETURN(const Elf64_Ehdr header, ReadHeader(elf));
  ElfLayout layout;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program_header;
    std::memcpy(&program_header, elf.data() + header.e_phoff + i * sizeof(program_header),
                sizeof(program_header));
    LATHE_RETURN_IF_ERROR(AddHeader(program_header, elf.size(), layout));
  }
  if (layout.segments.empty()) return Malformed("nothing to load");
  if (layout.dynamic_address == 0 ||
      !Inside(layout.dynamic_address, layout.dynamic_size, layout.image_size)) {
    return Malformed("the dynamic table at ", layout.dynamic_address, " + ", layout.dynamic_size,
                     " is missing or outside the image of ", layout.image_size);
  }
  if (!Inside(layout.relro_address, layout.relro_size, layout.image_size)) {
    return Malformed("the read-only range at ", layout.relro_address, " + ", layout.relro_size,
                     " is outside the image of ", layout.image_size);
  }
  return layout;
}

}  // namespace lathe
