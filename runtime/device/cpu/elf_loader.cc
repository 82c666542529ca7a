#include "runtime/device/cpu/elf_loader.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

template <typename... Args>
absl::Status Malformed(const Args&... args) {
  return absl::InvalidArgumentError(absl::StrCat("ELF: ", args...));
}

bool Inside(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

// Reads numbers out of the loaded image, refusing all that lies outside it.
class ImageReader {
 public:
  explicit ImageReader(absl::string_view image) : image_(image) {}

  template <typename T>
  absl::StatusOr<T> Get(uint64_t address) const {
    if (!Inside(address, sizeof(T), image_.size())) {
      return Malformed("an address ", address, " outside the image of ", image_.size(), " bytes");
    }
    T value;
    std::memcpy(&value, image_.data() + address, sizeof(T));
    return value;
  }

 private:
  absl::string_view image_;
};

// The entries of the dynamic table that loading needs.
struct DynamicTable {
  uint64_t strings = 0;
  uint64_t strings_size = 0;
  uint64_t symbols = 0;
  uint64_t hash = 0;
  uint64_t gnu_hash = 0;
  uint64_t rela = 0;
  uint64_t rela_size = 0;
  uint64_t plt_rela = 0;
  uint64_t plt_rela_size = 0;
};

// Entries that would make code run or other files load, or relocations in forms that the compiler
// never asks for.
absl::string_view ForbiddenEntry(int64_t tag) {
  switch (tag) {
    case DT_NEEDED:
      return "DT_NEEDED (an import of another object)";
    case DT_INIT:
    case DT_INIT_ARRAY:
    case DT_PREINIT_ARRAY:
      return "DT_INIT (constructors)";
    case DT_FINI:
    case DT_FINI_ARRAY:
      return "DT_FINI (destructors)";
    case DT_TEXTREL:
      return "DT_TEXTREL (relocations in code)";
    case DT_REL:
      return "DT_REL (relocations without addends)";
    case 36:  // DT_RELR, newer than some <elf.h>
      return "DT_RELR (packed relocations)";
    default:
      return "";
  }
}

absl::StatusOr<DynamicTable> ReadDynamic(const ImageReader& image, const ElfLayout& layout) {
  DynamicTable table;
  for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= layout.dynamic_size; at += sizeof(Elf64_Dyn)) {
    LATHE_ASSIGN_OR_RETURN(const auto entry, image.Get<Elf64_Dyn>(layout.dynamic_address + at));
    if (entry.d_tag == DT_NULL) break;
    if (absl::string_view name = ForbiddenEntry(entry.d_tag); !name.empty()) {
      return Malformed("the object has ", name, "; kernels stand alone");
    }
    const std::array<std::pair<int64_t, uint64_t*>, 9> known = {{
        {DT_STRTAB, &table.strings},
        {DT_STRSZ, &table.strings_size},
        {DT_SYMTAB, &table.symbols},
        {DT_HASH, &table.hash},
        {DT_GNU_HASH, &table.gnu_hash},
        {DT_RELA, &table.rela},
        {DT_RELASZ, &table.rela_size},
        {DT_JMPREL, &table.plt_rela},
        {DT_PLTRELSZ, &table.plt_rela_size},
    }};
    for (const auto& [tag, field] : known) {
      if (entry.d_tag == tag) *field = entry.d_un.d_val;
    }
  }
  return table;
}

// The symbol table does not say its length; the hash tables do. System V gABI, "Hash Table": the
// second word counts the symbols.
absl::StatusOr<uint64_t> CountByHash(const ImageReader& image, uint64_t hash) {
  LATHE_ASSIGN_OR_RETURN(const auto count, image.Get<uint32_t>(hash + 4));
  return uint64_t{count};
}

// The GNU hash table: header of 4 words, Bloom filter, buckets, then one word for each hashed
// symbol, odd for the last of a chain. The symbols are sorted by bucket, so the last one ends the
// chain that starts highest.
absl::StatusOr<uint64_t> CountByGnuHash(const ImageReader& image, uint64_t hash) {
  LATHE_ASSIGN_OR_RETURN(const auto num_buckets, image.Get<uint32_t>(hash));
  LATHE_ASSIGN_OR_RETURN(const auto first_hashed, image.Get<uint32_t>(hash + 4));
  LATHE_ASSIGN_OR_RETURN(const auto bloom_words, image.Get<uint32_t>(hash + 8));
  const uint64_t buckets = hash + 16 + uint64_t{bloom_words} * 8;
  uint64_t last = 0;
  for (uint64_t i = 0; i < num_buckets; ++i) {
    LATHE_ASSIGN_OR_RETURN(const auto bucket, image.Get<uint32_t>(buckets + i * 4));
    last = std::max<uint64_t>(last, bucket);
  }
  if (last == 0) return uint64_t{first_hashed};  // no symbol is exported
  if (last < first_hashed) return Malformed("the GNU hash table starts a chain at ", last);
  const uint64_t chains = buckets + uint64_t{num_buckets} * 4;
  while (true) {
    LATHE_ASSIGN_OR_RETURN(const auto word,
                           image.Get<uint32_t>(chains + (last - first_hashed) * 4));
    ++last;
    if ((word & 1) != 0) return last;
  }
}

absl::StatusOr<uint64_t> CountSymbols(const ImageReader& image, const DynamicTable& table) {
  if (table.hash != 0) return CountByHash(image, table.hash);
  if (table.gnu_hash != 0) return CountByGnuHash(image, table.gnu_hash);
  return Malformed("no hash table, so the symbol table has no length");
}

int ProtectionOf(const ElfSegment& segment) {
  if (segment.is_executable) return PROT_READ | PROT_EXEC;
  return segment.is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

}  // namespace

absl::StatusOr<ElfObject> ElfObject::Load(absl::string_view elf) {
  LATHE_ASSIGN_OR_RETURN(const ElfLayout layout, ReadElfLayout(elf));
  ElfObject object;
  LATHE_RETURN_IF_ERROR(object.Map(elf, layout));
  const ImageReader image({object.image_, object.size_});
  LATHE_ASSIGN_OR_RETURN(const DynamicTable table, ReadDynamic(image, layout));
  LATHE_ASSIGN_OR_RETURN(const uint64_t num_symbols, CountSymbols(image, table));
  LATHE_RETURN_IF_ERROR(
      object.ReadSymbols(table.symbols, num_symbols, table.strings, table.strings_size, layout));
  LATHE_RETURN_IF_ERROR(object.Relocate(table.rela, table.rela_size, layout));
  LATHE_RETURN_IF_ERROR(object.Relocate(table.plt_rela, table.plt_rela_size, layout));
  LATHE_RETURN_IF_ERROR(object.Protect(layout));
  return object;
}

absl::Status ElfObject::Map(absl::string_view elf, const ElfLayout& layout) {
  void* image = ::mmap(nullptr, layout.image_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (image == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", HumanBytes(layout.image_size), " of code"));
  }
  image_ = static_cast<char*>(image);
  size_ = layout.image_size;
  for (const ElfSegment& segment : layout.segments) {
    std::memcpy(image_ + segment.address, elf.data() + segment.file_offset, segment.file_size);
  }
  return absl::OkStatus();
}

absl::Status ElfObject::ReadSymbols(uint64_t table, uint64_t count, uint64_t strings,
                                    uint64_t strings_size, const ElfLayout& layout) {
  if (count > size_ / sizeof(Elf64_Sym) || !Inside(table, count * sizeof(Elf64_Sym), size_) ||
      !Inside(strings, strings_size, size_)) {
    return Malformed(count, " symbols at ", table, " with ", strings_size, " bytes of names at ",
                     strings, " do not fit in the image of ", size_);
  }
  const absl::string_view names(image_ + strings, strings_size);
  for (uint64_t i = 1; i < count; ++i) {  // symbol 0 is reserved
    Elf64_Sym symbol;
    std::memcpy(&symbol, image_ + table + i * sizeof(symbol), sizeof(symbol));
    const size_t end = names.find('\0', std::min<uint64_t>(symbol.st_name, names.size()));
    if (end == absl::string_view::npos) return Malformed("the name of symbol ", i, " has no end");
    const absl::string_view name = names.substr(symbol.st_name, end - symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF) {
      return Malformed("it imports ", Quoted(name), "; kernels stand alone");
    }
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    const bool is_code =
        std::any_of(layout.segments.begin(), layout.segments.end(), [&](const ElfSegment& segment) {
          return segment.is_executable && symbol.st_value >= segment.address &&
                 symbol.st_value - segment.address < segment.memory_size;
        });
    if (!is_code) return Malformed("function ", Quoted(name), " lies outside the code");
    functions_.emplace(std::string(name), image_ + symbol.st_value);
  }
  return absl::OkStatus();
}

absl::Status ElfObject::Relocate(uint64_t table, uint64_t size, const ElfLayout& layout) {
  if (size == 0) return absl::OkStatus();
  const ImageReader image({image_, size_});
  for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= size; at += sizeof(Elf64_Rela)) {
    LATHE_ASSIGN_OR_RETURN(const auto entry, image.Get<Elf64_Rela>(table + at));
    const uint64_t type = ELF64_R_TYPE(entry.r_info);
    if (type == R_X86_64_NONE) continue;
    if (type != R_X86_64_RELATIVE) {
      return Malformed("a relocation of type ", type, ", only relative ones are allowed");
    }
    const bool is_data =
        std::any_of(layout.segments.begin(), layout.segments.end(), [&](const ElfSegment& segment) {
          return segment.is_writable && entry.r_offset >= segment.address &&
                 Inside(entry.r_offset - segment.address, sizeof(uint64_t), segment.memory_size);
        });
    if (!is_data || entry.r_addend < 0 || static_cast<uint64_t>(entry.r_addend) > size_) {
      return Malformed("a relocation at ", entry.r_offset, " to ", entry.r_addend,
                       " leads outside the data or the image");
    }
    const uint64_t value = reinterpret_cast<uintptr_t>(image_) + entry.r_addend;
    std::memcpy(image_ + entry.r_offset, &value, sizeof(value));
  }
  return absl::OkStatus();
}

absl::Status ElfObject::Protect(const ElfLayout& layout) {
  // Gaps between segments stay out of reach.
  bool is_done = ::mprotect(image_, size_, PROT_NONE) == 0;
  for (const ElfSegment& segment : layout.segments) {
    const uint64_t begin = segment.address / kElfPage * kElfPage;
    is_done = is_done && ::mprotect(image_ + begin, segment.address + segment.memory_size - begin,
                                    ProtectionOf(segment)) == 0;
  }
  // Data that only relocations wrote. Only whole pages, only downwards: a code page is not touched.
  for (const ElfSegment& segment : layout.segments) {
    const uint64_t begin = std::max(layout.relro_address, segment.address);
    const uint64_t end =
        std::min(layout.relro_address + layout.relro_size, segment.address + segment.memory_size) /
        kElfPage * kElfPage;
    const uint64_t first = begin / kElfPage * kElfPage;
    if (!segment.is_writable || end <= first) continue;
    is_done = is_done && ::mprotect(image_ + first, end - first, PROT_READ) == 0;
  }
  if (is_done) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "the system does not let code run from memory (mprotect)");
}

absl::StatusOr<const void*> ElfObject::Find(absl::string_view symbol) const {
  auto found = functions_.find(std::string(symbol));
  if (found != functions_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, address] : functions_) names.push_back(name);
  std::sort(names.begin(), names.end());
  const std::string nearest = Nearest(symbol, names);
  return absl::NotFoundError(absl::StrCat(
      "no function ", Quoted(symbol), " among ", names.size(), " exported ones",
      nearest.empty() ? std::string() : absl::StrCat(" (nearest: ", Quoted(nearest), ")")));
}

ElfObject::ElfObject(ElfObject&& other) noexcept { *this = std::move(other); }

ElfObject& ElfObject::operator=(ElfObject&& other) noexcept {
  if (this != &other) {
    Unmap();
    image_ = std::exchange(other.image_, nullptr);
    size_ = std::exchange(other.size_, 0);
    functions_ = std::move(other.functions_);
  }
  return *this;
}

ElfObject::~ElfObject() { Unmap(); }

void ElfObject::Unmap() {
  if (image_ != nullptr) ::munmap(image_, size_);
  image_ = nullptr;
}

}  // namespace lathe
