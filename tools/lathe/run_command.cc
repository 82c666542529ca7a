// lathe run and lathe plan: hand over to lathe-run, which is a program of its own so that running
// links no compiler.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/common/command.h"
#include "tools/lathe/commands.h"

namespace lathe {
namespace {

// The folder of this program.
std::string OwnFolder() {
  std::array<char, 4096> path;
  ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  std::string own(path.data(), size > 0 ? static_cast<size_t>(size) : 0);
  return own.substr(0, own.rfind('/'));
}

int HandOver(const std::string& command, absl::Span<const std::string> args) {
  std::string runner = OwnFolder() + "/lathe-run";
  std::vector<std::string> words = {runner, command};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(runner.c_str(), argv.data());
  return ReportStatus("lathe " + command,
                      absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", runner)));
}

}  // namespace

int RunCommand(absl::Span<const std::string> args) { return HandOver("run", args); }

int PlanCommand(absl::Span<const std::string> args) { return HandOver("plan", args); }

}  // namespace lathe
