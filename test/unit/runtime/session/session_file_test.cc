#include "runtime/session/session_file.h"

#include <cstring>

#include "runtime/base/hash.h"
#include "runtime/base/mapped_file.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr uint64_t kArtifact = 0x1234;

// Two groups of one layer with one head of 2, f32, 4 tokens a page; the second with a window that
// has let go of its first page.
KvGroupLayout GroupLayout(int64_t window) {
  return {.name = window == 0 ? "kv" : "kv.window",
          .num_layers = 1,
          .kv_heads = 1,
          .head_dim = 2,
          .dtype = DType::kF32,
          .page_tokens = 4,
          .window = window,
          .page_bytes = 64,
          .layer_bytes = 64,
          .value_offset = 32,
          .model_layers = {0}};
}

SavedSession SmallSession() {
  SavedSession session{.tokens = {5, 6, 7, 8, 9}, .text = "notes"};
  for (int64_t window : {0, 2}) {
    KvSnapshot& group = session.groups.emplace_back();
    group.shape = ShapeOf(GroupLayout(window));
    group.num_tokens = 5;
    group.first_page = window == 0 ? 0 : 1;
    group.bytes.assign(static_cast<size_t>(2 - group.first_page) * 64, static_cast<char>(window));
  }
  return session;
}

std::string SmallFile() { return EncodeSession(kArtifact, SmallSession()); }

// After the checksums of the header are made right again, as a forger would.
std::string Forged(std::string bytes, size_t at, uint64_t value, size_t width) {
  std::memcpy(bytes.data() + at, &value, width);
  uint32_t num_sections = 0;
  std::memcpy(&num_sections, bytes.data() + 12, sizeof(num_sections));
  const absl::string_view view(bytes);
  if (uint64_t{num_sections} * 56 <= bytes.size() - 48) {
    const uint64_t table = Hash64(view.substr(48, uint64_t{num_sections} * 56));
    std::memcpy(bytes.data() + 32, &table, sizeof(table));
  }
  const uint64_t header = Hash64(view.substr(0, 40));
  std::memcpy(bytes.data() + 40, &header, sizeof(header));
  return bytes;
}

TEST(SessionFileTest, WhatIsWrittenIsRead) {
  const std::string path = testing::TempDir() + "/s.session";
  LATHE_ASSERT_OK(WriteSession(path, kArtifact, SmallSession()));
  LATHE_ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::Open(path));
  EXPECT_TRUE(file.bytes() == SmallFile()) << "the same session gives the same bytes";
  LATHE_ASSERT_OK_AND_ASSIGN(const SessionView session, ParseSession(file.bytes()));
  EXPECT_EQ(session.artifact_hash, kArtifact);
  EXPECT_EQ(session.tokens, SmallSession().tokens);
  EXPECT_EQ(session.text, "notes");
  ASSERT_EQ(session.groups.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const KvSnapshot expected = SmallSession().groups[i];
    EXPECT_TRUE(session.groups[i].shape == expected.shape);
    EXPECT_EQ(session.groups[i].first_page, expected.first_page);
    EXPECT_EQ(session.groups[i].num_tokens, 5);
    EXPECT_TRUE(session.groups[i].bytes == expected.bytes);
  }
  LATHE_EXPECT_OK(CheckSession(session, kArtifact, {GroupLayout(0), GroupLayout(2)}, 5));
}

TEST(SessionFileTest, AnEmptySessionIsOne) {
  LATHE_ASSERT_OK_AND_ASSIGN(const SessionView session, ParseSession(EncodeSession(1, {})));
  EXPECT_TRUE(session.tokens.empty());
  LATHE_EXPECT_OK(CheckSession(session, 1, {}, 1));
}

// Every byte lies under a checksum.
TEST(SessionFileTest, EveryFlippedByteIsRefused) {
  const std::string whole = SmallFile();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int flip : {1, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      EXPECT_THAT(
          ParseSession(bytes),
          AnyOf(StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a session file"))))
          << at;
    }
  }
}

TEST(SessionFileTest, EveryCutAndGrownFileIsRefused) {
  const std::string whole = SmallFile();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ParseSession(absl::string_view(whole).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the file has ")))
        << size;
  }
  EXPECT_THAT(ParseSession(whole + "x"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("(grown)")));
}

// A forger makes the checksums of header and table right. Claims are held against the file's size
// before anything is taken at their word.
TEST(SessionFileTest, LyingHeadersAllocateNothing) {
  const std::string whole = SmallFile();
  auto expect_damaged = [](const std::string& bytes, const char* message) {
    EXPECT_THAT(ParseSession(bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  };
  expect_damaged(Forged(whole, 12, 0xffffffff, 4), "claims 4294967295 sections");
  expect_damaged(Forged(whole, 12, 0, 4), "belong to no section");
  expect_damaged(Forged(whole, 24, uint64_t{1} << 60, 8), "(cut short)");
  // Fields of the second entry, a group: dtype, layers, heads, width, page, window, first page.
  const size_t group = 48 + 56;
  expect_damaged(Forged(whole, group, 9, 4), "unknown kind 9");
  expect_damaged(Forged(whole, group, 1, 4), "is of kind 1");
  expect_damaged(Forged(whole, group + 4, 99, 4), "dtype number 99");
  expect_damaged(Forged(whole, group + 4, 0xffffffff, 4), "dtype number 4294967295");
  for (size_t field : {8, 12, 16, 20}) {
    expect_damaged(Forged(whole, group + field, 0, 4), "bytes of keys and values");
    expect_damaged(Forged(whole, group + field, 0xffffffff, 4), "bytes of keys and values");
  }
  expect_damaged(Forged(whole, group + 24, ~uint64_t{0}, 8), "window -1");
  expect_damaged(Forged(whole, group + 32, ~uint64_t{0}, 8), "from page -1 on");
  expect_damaged(Forged(whole, group + 32, 1, 8), "from page 1 on");
  expect_damaged(Forged(whole, group + 40, ~uint64_t{0}, 8), "section 1 claims");
  expect_damaged(Forged(whole, group + 40, 64, 8), "belong to no section");
  expect_damaged(Forged(whole, group + 48, 1, 8), "the checksum of section 1 does not match");
}

// Whatever the fields of a well-formed file say: an error or a session, and never a crash.
TEST(SessionFileTest, ForgedFieldsNeverCrash) {
  const std::string whole = SmallFile();
  for (size_t at = 8; at + 8 <= 48 + 4 * 56; ++at) {
    for (uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{0x7fffffff},
                           uint64_t{1} << 40, ~uint64_t{0} >> 1, ~uint64_t{0}}) {
      const absl::StatusOr<SessionView> session = ParseSession(Forged(whole, at, value, 8));
      if (!session.ok()) continue;
      EXPECT_EQ(session->tokens.size(), 5u);
    }
  }
}

TEST(SessionFileTest, OtherVersionsAreNamed) {
  EXPECT_THAT(ParseSession(Forged(SmallFile(), 8, 7, 4)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("session format version 7, this build reads version 1")));
  EXPECT_THAT(ParseSession("a text, and longer than the header of a session file would be...."),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a session file")));
}

TEST(SessionFileTest, ForeignSessionsAreRefusedByName) {
  const std::string whole = SmallFile();
  LATHE_ASSERT_OK_AND_ASSIGN(const SessionView session, ParseSession(whole));
  const std::vector<KvGroupLayout> layouts = {GroupLayout(0), GroupLayout(2)};
  EXPECT_THAT(CheckSession(session, 0xabcd, layouts, 5),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("0000000000001234"), HasSubstr("000000000000abcd"))));
  EXPECT_THAT(CheckSession(session, kArtifact, layouts, 4),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has 5 tokens, but the context holds 4; raise --context")));
  EXPECT_THAT(CheckSession(session, kArtifact, {GroupLayout(0)}, 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 cache groups")));
  EXPECT_THAT(CheckSession(session, kArtifact, {GroupLayout(0), GroupLayout(3)}, 5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("kv.window"), HasSubstr("window 2, expected"))));
}

TEST(SessionFileTest, AFullDiskLeavesTheOldFile) {
  EXPECT_FALSE(WriteSession("/no/such/folder/s.session", kArtifact, SmallSession()).ok());
  const std::string path = testing::TempDir() + "/s.session";
  LATHE_ASSERT_OK(WriteSession(path, kArtifact, SmallSession()));
  LATHE_ASSERT_OK(WriteSession(path, kArtifact + 1, {}));
  EXPECT_TRUE(testing::ReadFileOrDie(path) == EncodeSession(kArtifact + 1, {})) << "replaced";
}

}  // namespace
}  // namespace lathe
