// Linking in process with lld.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "lld/Common/Driver.h"
#include "llvm/Object/ELFObjectFile.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/temp_folder.h"

LLD_HAS_DRIVER(elf)

namespace lathe {
namespace {

// A file that lives in memory and has a path as long as this object.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("lathe", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(MemoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  MemoryFile& operator=(MemoryFile&&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", fd_); }

  absl::Status Write(const std::string& bytes) {
    size_t done = 0;
    while (fd_ >= 0 && done < bytes.size()) {
      ssize_t n = write(fd_, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    if (done == bytes.size() && fd_ >= 0) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for object code (memfd): ", strerror(errno)));
  }

 private:
  int fd_;
};

absl::Status RunLld(const std::vector<std::string>& args, const std::string& output) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<const char*> argv;
  for (const std::string& arg : args) argv.push_back(arg.c_str());
  std::string log;
  llvm::raw_string_ostream out(log);
  lld::Result result = lld::lldMain(argv, out, out, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0) return absl::OkStatus();
  llvm::StringRef reason = llvm::StringRef(log).trim();
  // Only a message about the output is the machine's fault: a full disk, a limit, a lost folder.
  if (reason.contains(output)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot write temporary code: ", reason.str(),
                     "; free some space there, or let TMPDIR name another folder"));
  }
  return absl::InternalError("linking kernels failed: " + reason.str());
}

// The promises of the artifact: nothing imported, nothing to relocate.
absl::Status CheckSelfContained(const std::string& elf) {
  auto object = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(elf), "code"));
  if (!object) return absl::InternalError(llvm::toString(object.takeError()));
  auto* file = llvm::dyn_cast<llvm::object::ELF64LEObjectFile>(object->get());
  if (file == nullptr) return absl::InternalError("linked code is not 64-bit ELF");
  for (const llvm::object::ELFSymbolRef& symbol : file->getDynamicSymbolIterators()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    if (!flags) return absl::InternalError(llvm::toString(flags.takeError()));
    if (*flags & llvm::object::SymbolRef::SF_Undefined) {
      llvm::Expected<llvm::StringRef> name = symbol.getName();
      if (!name) return absl::InternalError(llvm::toString(name.takeError()));
      if (!name->empty()) {
        return absl::InternalError("generated code calls " + name->str() + ", which is not there");
      }
    }
  }
  for (const llvm::object::ELFSectionRef section : file->sections()) {
    if (section.getType() == llvm::ELF::SHT_RELA || section.getType() == llvm::ELF::SHT_REL) {
      return absl::InternalError("generated code needs relocation");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> LinkCpu(absl::Span<const CpuObject> objects) {
  // lld renames a temporary file over its output, which needs a real folder.
  LATHE_ASSIGN_OR_RETURN(TempFolder folder, TempFolder::Make());
  const std::string output = folder.path() + "/code.so";
  std::vector<MemoryFile> inputs;
  std::vector<std::string> args = {
      "ld.lld", "-shared",           "-z",          "now", "--gc-sections", "--build-id=none",
      "-s",     "--hash-style=sysv", "--threads=1", "-o",  output};
  for (const CpuObject& object : objects) {
    inputs.emplace_back();
    LATHE_RETURN_IF_ERROR(inputs.back().Write(object.bytes), object.name);
    args.push_back(inputs.back().path());
  }
  LATHE_RETURN_IF_ERROR(RunLld(args, output));
  LATHE_ASSIGN_OR_RETURN(std::string elf, ReadFile(output));
  LATHE_RETURN_IF_ERROR(CheckSelfContained(elf));
  return elf;
}

}  // namespace lathe
