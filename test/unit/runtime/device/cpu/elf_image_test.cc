#include "runtime/device/cpu/elf_image.h"

#include <elf.h>

#include <cstring>
#include <functional>

#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

Elf64_Ehdr* HeaderOf(std::string& elf) { return reinterpret_cast<Elf64_Ehdr*>(elf.data()); }

// The `which`-th program header of `type`.
Elf64_Phdr* Find(std::string& elf, uint32_t type, int which = 0) {
  auto* headers = reinterpret_cast<Elf64_Phdr*>(elf.data() + HeaderOf(elf)->e_phoff);
  for (int i = 0; i < HeaderOf(elf)->e_phnum; ++i) {
    if (headers[i].p_type == type && which-- == 0) return &headers[i];
  }
  ADD_FAILURE() << "no program header of type " << type;
  return &headers[0];
}

struct Case {
  const char* message;
  std::function<void(std::string&)> spoil;
};

void ExpectRefused(const std::vector<Case>& cases) {
  const std::string whole = testing::TestKernels();
  for (const Case& one : cases) {
    std::string elf = whole;
    one.spoil(elf);
    EXPECT_THAT(ReadElfLayout(elf),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(one.message)));
  }
}

TEST(ElfImageTest, ReadsALinkedObject) {
  LATHE_ASSERT_OK_AND_ASSIGN(ElfLayout layout, ReadElfLayout(testing::TestKernels()));
  EXPECT_GE(layout.segments.size(), 3u);
  int executable = 0;
  for (const ElfSegment& segment : layout.segments) executable += segment.is_executable ? 1 : 0;
  EXPECT_EQ(executable, 1);
  EXPECT_GT(layout.dynamic_size, 0u);
  EXPECT_EQ(layout.image_size % kElfPage, 0u);
}

TEST(ElfImageTest, RefusesOtherFiles) {
  ExpectRefused({
      {"no room for the header", [](auto& e) { e.resize(63); }},
      {"the magic is missing", [](auto& e) { e[0] = 'E'; }},
      {"expected 64 bits, little endian, x86-64", [](auto& e) { e[EI_CLASS] = ELFCLASS32; }},
      {"expected 64 bits", [](auto& e) { e[EI_DATA] = ELFDATA2MSB; }},
      {"machine 183", [](auto& e) { HeaderOf(e)->e_machine = EM_AARCH64; }},
      {"type 1, expected a shared object", [](auto& e) { HeaderOf(e)->e_type = ET_REL; }},
      {"0 program headers", [](auto& e) { HeaderOf(e)->e_phnum = 0; }},
      {"65 program headers", [](auto& e) { HeaderOf(e)->e_phnum = 65; }},
      {"program headers of 55 bytes", [](auto& e) { HeaderOf(e)->e_phentsize = 55; }},
      {"program headers", [](auto& e) { HeaderOf(e)->e_phoff = ~uint64_t{0} - 8; }},
  });
}

TEST(ElfImageTest, RefusesImpossibleSegments) {
  ExpectRefused({
      {"does not fit", [](auto& e) { Find(e, PT_LOAD)->p_offset = e.size() + 1; }},
      {"does not fit", [](auto& e) { Find(e, PT_LOAD)->p_filesz = ~uint64_t{0}; }},
      {"does not fit", [](auto& e) { Find(e, PT_LOAD)->p_memsz = 0; }},
      {"does not fit", [](auto& e) { Find(e, PT_LOAD)->p_memsz = uint64_t{1} << 40; }},
      {"does not fit", [](auto& e) { Find(e, PT_LOAD, 1)->p_vaddr = ~uint64_t{4095}; }},
      {"is aligned to 65536", [](auto& e) { Find(e, PT_LOAD)->p_align = 65536; }},
      {"is aligned to 3", [](auto& e) { Find(e, PT_LOAD)->p_align = 3; }},
      {"writable and executable",
       [](auto& e) { Find(e, PT_LOAD, 1)->p_flags = PF_R | PF_W | PF_X; }},
      {"shares a page", [](auto& e) { Find(e, PT_LOAD, 1)->p_vaddr = 16; }},
      {"nothing to load",
       [](auto& e) {
         for (int i = HeaderOf(e)->e_phnum; i > 0; --i) {
           auto* h = reinterpret_cast<Elf64_Phdr*>(e.data() + HeaderOf(e)->e_phoff) + i - 1;
           if (h->p_type == PT_LOAD) h->p_type = PT_NULL;
         }
       }},
  });
}

TEST(ElfImageTest, RefusesWhatKernelsMayNotHave) {
  ExpectRefused({
      {"asks for an interpreter", [](auto& e) { Find(e, PT_NOTE)->p_type = PT_INTERP; }},
      {"thread-local storage", [](auto& e) { Find(e, PT_NOTE)->p_type = PT_TLS; }},
      {"the dynamic table at 0", [](auto& e) { Find(e, PT_DYNAMIC)->p_type = PT_NULL; }},
      {"outside the image", [](auto& e) { Find(e, PT_DYNAMIC)->p_vaddr = uint64_t{1} << 40; }},
      {"the read-only range", [](auto& e) { Find(e, PT_GNU_RELRO)->p_memsz = ~uint64_t{0}; }},
  });
}

}  // namespace
}  // namespace lathe
