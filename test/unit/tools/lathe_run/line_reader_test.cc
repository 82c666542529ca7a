#include "tools/lathe_run/line_reader.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
using Kind = LineReader::Input::Kind;

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends), 0); }
  ~Pipe() {
    ::close(ends[0]);
    Close();
  }
  void Close() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  int ends[2];
};

// A pipe that a test writes to and a reader reads from.
class LineReaderTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    EXPECT_EQ(::write(pipe_.ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() { pipe_.Close(); }
  // The next message; "END" and "INTERRUPT" for what is none.
  std::string Next() {
    absl::StatusOr<LineReader::Input> input =
        reader_.Read([this](bool is_continued) { prompts_ += is_continued ? "." : ">"; });
    if (!input.ok()) return input.status().ToString();
    if (input->kind == Kind::kEnd) return "END";
    if (input->kind == Kind::kInterrupt) return "INTERRUPT";
    return input->message;
  }

  Pipe pipe_;
  InterruptGuard interrupt_{InterruptGuard::Second::kIsRemembered};
  LineReader reader_{pipe_.ends[0], interrupt_};
  std::string prompts_;
};

TEST_F(LineReaderTest, EachLineIsAMessage) {
  Write("a\n\nb c\nlast");
  Close();
  EXPECT_EQ(Next(), "a");
  EXPECT_EQ(Next(), "");
  EXPECT_EQ(Next(), "b c");
  EXPECT_EQ(Next(), "last");
  EXPECT_EQ(Next(), "END");
  EXPECT_EQ(Next(), "END");
  EXPECT_EQ(prompts_, ">>>>>>");
}

TEST_F(LineReaderTest, ABackslashGoesOnInTheNextLine) {
  Write("a\\\n\\\nb\\c\nd\\");
  Close();
  EXPECT_EQ(Next(), "a\n\nb\\c");
  EXPECT_EQ(prompts_, ">..");
  EXPECT_EQ(Next(), "d\n");
  EXPECT_EQ(Next(), "END");
}

TEST_F(LineReaderTest, LinesComeInPieces) {
  std::thread writer([this] {
    for (const char* piece : {"a", "b", "\nc", "\n"}) {
      Write(piece);
      ::usleep(1000);
    }
    Close();
  });
  EXPECT_EQ(Next(), "ab");
  EXPECT_EQ(Next(), "c");
  EXPECT_EQ(Next(), "END");
  writer.join();
}

TEST_F(LineReaderTest, AnInterruptEndsTheWait) {
  Write("begun\\\n");
  // Another thread takes the signal, as it may in a program with a pool.
  std::thread other([] {
    ::usleep(5000);
    ::pthread_kill(::pthread_self(), SIGINT);
  });
  EXPECT_EQ(Next(), "INTERRUPT");
  other.join();
  EXPECT_EQ(Next(), "INTERRUPT") << "until it is forgotten";
  interrupt_.Forget();
  Write("next\n");
  EXPECT_EQ(Next(), "next");
}

TEST_F(LineReaderTest, LongMessagesAreRefused) {
  std::thread writer([this] {
    const std::string piece(1 << 16, 'x');
    for (size_t written = 0; written <= kMaxMessageBytes; written += piece.size()) Write(piece);
    Close();
  });
  EXPECT_THAT(reader_.Read([](bool) {}), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("longer than 16777216 bytes")));
  // What is left of the line is still in the pipe.
  char bytes[4096];
  while (::read(pipe_.ends[0], bytes, sizeof(bytes)) > 0) continue;
  writer.join();
}

TEST(LineReaderErrorTest, WhatCannotBeReadIsAnError) {
  InterruptGuard interrupt;
  const int folder = ::open("/", O_RDONLY);
  LineReader of_folder(folder, interrupt);
  EXPECT_THAT(of_folder.Read([](bool) {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot read the input")));
  ::close(folder);
}

}  // namespace
}  // namespace lathe
