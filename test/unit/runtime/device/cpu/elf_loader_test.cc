#include "runtime/device/cpu/elf_loader.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/kernel_abi.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Where the dynamic table's entry `tag` lies in the file.
size_t FindDynamic(const std::string& elf, int64_t tag) {
  Elf64_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof(header));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, elf.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type != PT_DYNAMIC) continue;
    for (size_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz; at += 16) {
      Elf64_Dyn entry;
      std::memcpy(&entry, elf.data() + at, sizeof(entry));
      if (entry.d_tag == tag) return at;
    }
  }
  ADD_FAILURE() << "no dynamic entry " << tag;
  return 0;
}

uint64_t DynamicValue(const std::string& elf, int64_t tag) {
  uint64_t value = 0;
  std::memcpy(&value, elf.data() + FindDynamic(elf, tag) + 8, sizeof(value));
  return value;
}

void SetDynamic(std::string& elf, int64_t old_tag, int64_t new_tag, uint64_t value) {
  const size_t at = FindDynamic(elf, old_tag);
  std::memcpy(elf.data() + at, &new_tag, sizeof(new_tag));
  std::memcpy(elf.data() + at + 8, &value, sizeof(value));
}

KernelFn FindKernel(const ElfObject& object, absl::string_view name) {
  absl::StatusOr<const void*> address = object.Find(name);
  EXPECT_TRUE(address.ok()) << address.status().ToString();
  return address.ok() ? reinterpret_cast<KernelFn>(const_cast<void*>(*address)) : nullptr;
}

TEST(ElfLoaderTest, RunsCode) {
  LATHE_ASSERT_OK_AND_ASSIGN(ElfObject object, ElfObject::Load(testing::TestKernels()));
  EXPECT_EQ(object.num_functions(), 6u);
  float x[3] = {1, 2, 3};
  float y[3] = {};
  void* operands[] = {x, y};
  FindKernel(object, "add_one")(operands, nullptr, 1, 3, nullptr);
  EXPECT_THAT(y, ::testing::ElementsAre(0, 3, 4));
  // Through a table of addresses: the relocations are right.
  ElfObject moved = std::move(object);
  FindKernel(moved, "add_step")(operands, nullptr, 0, 3, nullptr);
  EXPECT_THAT(y, ::testing::ElementsAre(2, 4, 6));
}

// The bytes need no alignment: sections of an artifact have it, other sources may not.
TEST(ElfLoaderTest, LoadsFromAnyAddress) {
  const std::string shifted = "x" + testing::TestKernels();
  LATHE_ASSERT_OK_AND_ASSIGN(ElfObject object,
                             ElfObject::Load(absl::string_view(shifted).substr(1)));
  EXPECT_NE(FindKernel(object, "matmul"), nullptr);
}

TEST(ElfLoaderTest, NoPageIsWritableAndExecutable) {
  LATHE_ASSERT_OK_AND_ASSIGN(ElfObject object, ElfObject::Load(testing::TestKernels()));
  const auto address = reinterpret_cast<uintptr_t>(FindKernel(object, "matmul"));
  std::ifstream maps("/proc/self/maps");
  std::string line;
  std::string protection;
  while (std::getline(maps, line)) {
    unsigned long long begin = 0;  // NOLINT(google-runtime-int): the type of %llx
    unsigned long long end = 0;    // NOLINT(google-runtime-int)
    char flags[8] = {};
    ASSERT_EQ(std::sscanf(line.c_str(), "%llx-%llx %4s", &begin, &end, flags), 3);
    EXPECT_FALSE(flags[1] == 'w' && flags[2] == 'x') << line;
    if (address >= begin && address < end) protection = flags;
  }
  EXPECT_EQ(protection, "r-xp");
}

TEST(ElfLoaderTest, UnknownFunctionsAreNamed) {
  LATHE_ASSERT_OK_AND_ASSIGN(ElfObject object, ElfObject::Load(testing::TestKernels()));
  EXPECT_THAT(object.Find("matmull"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("\"matmull\" among 6"), HasSubstr("nearest: \"matmul\""))));
  EXPECT_THAT(object.Find("kSteps"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("kSteps")));
}

TEST(ElfLoaderTest, RefusesWhatWouldRunOrLoadMore) {
  const std::pair<int64_t, const char*> forbidden[] = {
      {DT_NEEDED, "DT_NEEDED"},   {DT_INIT, "DT_INIT"},       {DT_INIT_ARRAY, "DT_INIT"},
      {DT_FINI, "DT_FINI"},       {DT_FINI_ARRAY, "DT_FINI"}, {DT_PREINIT_ARRAY, "DT_INIT"},
      {DT_TEXTREL, "DT_TEXTREL"}, {DT_REL, "DT_REL"},         {36, "DT_RELR"}};
  for (const auto& [tag, name] : forbidden) {
    std::string elf = testing::TestKernels();
    SetDynamic(elf, DT_SYMENT, tag, 0);
    EXPECT_THAT(ElfObject::Load(elf),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(name)));
  }
}

// The first function of the symbol table becomes an import.
TEST(ElfLoaderTest, RefusesImports) {
  std::string elf = testing::TestKernels();
  const uint64_t symbols = DynamicValue(elf, DT_SYMTAB);  // address = offset in the first segment
  Elf64_Sym symbol;
  std::memcpy(&symbol, elf.data() + symbols + sizeof(symbol), sizeof(symbol));
  symbol.st_shndx = SHN_UNDEF;
  std::memcpy(elf.data() + symbols + sizeof(symbol), &symbol, sizeof(symbol));
  EXPECT_THAT(ElfObject::Load(elf),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("it imports \"")));
  symbol.st_shndx = 1;
  symbol.st_value = 0;  // the headers, not code
  std::memcpy(elf.data() + symbols + sizeof(symbol), &symbol, sizeof(symbol));
  EXPECT_THAT(ElfObject::Load(elf),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lies outside the code")));
}

TEST(ElfLoaderTest, RefusesOtherRelocations) {
  const std::string whole = testing::TestKernels();
  const uint64_t rela = DynamicValue(whole, DT_RELA);
  auto with = [&](const Elf64_Rela& entry) {
    std::string elf = whole;
    std::memcpy(elf.data() + rela, &entry, sizeof(entry));
    return ElfObject::Load(elf).status();
  };
  Elf64_Rela entry;
  std::memcpy(&entry, whole.data() + rela, sizeof(entry));
  LATHE_EXPECT_OK(with(entry));
  Elf64_Rela changed = entry;
  changed.r_info = ELF64_R_INFO(1, R_X86_64_64);
  EXPECT_THAT(with(changed),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a relocation of type 1")));
  for (uint64_t offset :
       {uint64_t{0}, uint64_t{0x1000}, ~uint64_t{0} - 3}) {  // headers, code, nowhere
    changed = entry;
    changed.r_offset = offset;
    EXPECT_THAT(with(changed), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("outside the data or the image")));
  }
  for (int64_t addend : {int64_t{-1}, int64_t{1} << 40}) {
    changed = entry;
    changed.r_addend = addend;
    EXPECT_THAT(with(changed), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("outside the data or the image")));
  }
}

TEST(ElfLoaderTest, RefusesTablesOutsideTheImage) {
  const std::string whole = testing::TestKernels();
  for (int64_t tag : {DT_SYMTAB, DT_STRTAB, DT_STRSZ, DT_GNU_HASH, DT_RELA, DT_RELASZ}) {
    for (uint64_t value : {uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 16}) {
      std::string elf = whole;
      SetDynamic(elf, tag, tag, value);
      EXPECT_THAT(ElfObject::Load(elf),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ELF")))
          << tag << " " << value;
    }
  }
  std::string elf = whole;
  SetDynamic(elf, DT_GNU_HASH, DT_NULL, 0);
  EXPECT_THAT(ElfObject::Load(elf),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("hash")));
}

// Foreign bytes: whatever they are, loading ends with an answer. Nothing of it is run.
TEST(ElfLoaderTest, DamagedBytesDoNotCrash) {
  const std::string whole = testing::TestKernels();
  int refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] == '\0' && at % 16 != 0) continue;
    for (char mask : {'\x01', '\xff'}) {
      std::string elf = whole;
      elf[at] = static_cast<char>(elf[at] ^ mask);
      absl::StatusOr<ElfObject> object = ElfObject::Load(elf);
      refused += object.ok() ? 0 : 1;
      if (object.ok()) object->Find("matmul").status().IgnoreError();
    }
  }
  EXPECT_GT(refused, 50);
  for (size_t size = 0; size < whole.size(); size += size < 1024 ? 1 : 61) {
    ElfObject::Load(whole.substr(0, size)).status().IgnoreError();
  }
}

}  // namespace
}  // namespace lathe
