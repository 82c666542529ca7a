// lathe opt: passes on IR, with the switches of mlir-opt.
#include <string>
#include <vector>

#include "tools/lathe/commands.h"
#include "tools/lathe/opt/opt_main.h"

namespace lathe {

int OptCommand(absl::Span<const std::string> args) {
  // MlirOptMain wants an argv with a program name that it may keep.
  std::vector<std::string> words = {"lathe opt"};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return OptMain(static_cast<int>(words.size()), argv.data());
}

}  // namespace lathe
