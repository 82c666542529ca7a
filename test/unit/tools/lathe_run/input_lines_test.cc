#include "tools/lathe_run/input_lines.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
using Kind = InputLines::Line::Kind;

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends), 0); }
  int ends[2];
};

// A pipe that a test writes to; lines of at most 8 bytes.
class InputLinesTest : public ::testing::Test {
 protected:
  ~InputLinesTest() override {
    ::close(pipe_.ends[0]);
    Close();
  }
  void Close() {
    if (pipe_.ends[1] >= 0) ::close(pipe_.ends[1]);
    pipe_.ends[1] = -1;
  }
  void Write(const std::string& text) {
    EXPECT_EQ(::write(pipe_.ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Next(InputLines::Wait wait = InputLines::Wait::kNot) {
    absl::StatusOr<InputLines::Line> line = lines_.Next(wait);
    if (!line.ok()) return line.status().ToString();
    switch (line->kind) {
      case Kind::kText:
        return line->text;
      case Kind::kTooLong:
        return "TOO LONG";
      case Kind::kNothing:
        return "NOTHING";
      case Kind::kInterrupt:
        return "INTERRUPT";
      case Kind::kEnd:
        break;
    }
    return "END";
  }

  Pipe pipe_;
  InterruptGuard interrupt_{InterruptGuard::Second::kIsRemembered};
  InputLines lines_{pipe_.ends[0], 8, interrupt_};
};

TEST_F(InputLinesTest, LinesComeWhenTheyAreWhole) {
  EXPECT_EQ(Next(), "NOTHING");
  Write("ab");
  EXPECT_EQ(Next(), "NOTHING");
  Write("c\n\nd\r\nlast");
  EXPECT_EQ(Next(InputLines::Wait::kForInput), "abc");
  EXPECT_EQ(Next(), "");
  EXPECT_EQ(Next(), "d\r");
  EXPECT_EQ(Next(), "NOTHING");
  Close();
  EXPECT_EQ(Next(), "last");
  EXPECT_EQ(Next(), "END");
  EXPECT_EQ(Next(InputLines::Wait::kForInput), "END");
}

TEST_F(InputLinesTest, LongLinesAreSkippedAndTheNextIsWhole) {
  Write("12345678\n123456789\n" + std::string(1000, 'x'));
  EXPECT_EQ(Next(), "12345678");
  EXPECT_EQ(Next(), "TOO LONG");
  EXPECT_EQ(Next(), "NOTHING");
  Write("y\nnext\n" + std::string(9, 'z'));
  EXPECT_EQ(Next(), "TOO LONG");
  EXPECT_EQ(Next(), "next");
  Close();
  EXPECT_EQ(Next(), "TOO LONG") << "a last line needs no end";
  EXPECT_EQ(Next(), "END");
}

TEST_F(InputLinesTest, AnInterruptComesBeforeTheWait) {
  Write("a\n");
  ::pthread_kill(::pthread_self(), SIGINT);
  EXPECT_EQ(Next(InputLines::Wait::kForInput), "INTERRUPT");
  interrupt_.Forget();
  EXPECT_EQ(Next(InputLines::Wait::kForInput), "a");
}

TEST(InputLinesErrorTest, WhatCannotBeReadIsAnError) {
  InterruptGuard interrupt;
  const int folder = ::open("/", O_RDONLY);
  InputLines lines(folder, 8, interrupt);
  EXPECT_THAT(lines.Next(InputLines::Wait::kForInput),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot read the input")));
  ::close(folder);
}

}  // namespace
}  // namespace lathe
