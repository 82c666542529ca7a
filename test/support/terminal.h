// Runs a program of the build in a terminal of its own, as a person would use it, for tests of
// tools.
//   Terminal terminal({BinaryPath("lathe-run"), "run", "m.lathe", "--chat"});
//   terminal.WaitFor("> ");
//   terminal.Type("hi\n");
//   EXPECT_EQ(terminal.WaitForEnd(), 0);
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lathe::testing {

class Terminal {
 public:
  // `words`: the program's path and its arguments.
  explicit Terminal(const std::vector<std::string>& words);
  // A program that is still there is killed.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Keys; "\x03" is Ctrl-C, "\x04" Ctrl-D.
  void Type(const std::string& keys);
  // Reads the screen until `text` is on it, behind what an earlier call waited for. False when the
  // program ends, or is silent for 20 s, before.
  bool WaitFor(const std::string& text);
  // Reads the screen until the program ends. Its exit code, -1 when a signal ended it.
  int WaitForEnd();
  // All that was shown so far, the typed keys too; line ends are "\r\n".
  const std::string& screen() const { return screen_; }

 private:
  bool Read();

  pid_t child_ = -1;
  int descriptor_ = -1;
  std::string screen_;
  size_t waited_ = 0;  // of screen_, behind the last text that was waited for
};

}  // namespace lathe::testing
