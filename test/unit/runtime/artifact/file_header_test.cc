#include "runtime/artifact/file_header.h"

#include <string>

#include "runtime/base/hash.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A file of a header and 36 bytes of manifest.
std::string SmallFile() {
  FileHeader header;
  header.manifest_offset = 64;
  header.manifest_size = 36;
  header.manifest_xxh3 = 0x0123456789abcdef;
  header.file_size = 100;
  return EncodeHeader(header) + std::string(36, 'm');
}

// `file` with 8 bytes at `at` replaced and the header's checksum made right again.
std::string Resealed(std::string file, size_t at, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) file[at + i] = static_cast<char>(value >> (8 * i));
  const uint64_t hash = Hash64(absl::string_view(file).substr(0, 56));
  for (size_t i = 0; i < 8; ++i) file[56 + i] = static_cast<char>(hash >> (8 * i));
  return file;
}

TEST(FileHeaderTest, RoundTrips) {
  LATHE_ASSERT_OK_AND_ASSIGN(FileHeader header, DecodeHeader(SmallFile()));
  EXPECT_EQ(header.manifest_offset, 64u);
  EXPECT_EQ(header.manifest_size, 36u);
  EXPECT_EQ(header.manifest_xxh3, 0x0123456789abcdefu);
  EXPECT_EQ(header.file_size, 100u);
}

TEST(FileHeaderTest, LayoutIsAsTheReadmeSays) {
  const std::string file = SmallFile();
  EXPECT_EQ(file.substr(0, 8), std::string("\x89LATHE\r\n", 8));
  EXPECT_EQ(file.substr(8, 8), std::string("\x02\0\0\0\x40\0\0\0", 8));
  EXPECT_EQ(file.substr(16, 16), std::string("\x40\0\0\0\0\0\0\0\x24\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(file.substr(32, 8), std::string("\xef\xcd\xab\x89\x67\x45\x23\x01", 8));
  EXPECT_EQ(file.substr(40, 16), std::string("\x64\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
}

TEST(FileHeaderTest, RefusesOtherFiles) {
  for (const char* text : {"GGUF", "PK\x03\x04 and more"}) {
    const absl::string_view file(text);
    EXPECT_THAT(DecodeHeader(file),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("not a .lathe file"), HasSubstr("lathe compile"))));
  }
  // A transfer that treats the file as text drops the high bit or changes line ends.
  std::string text = SmallFile();
  text.erase(6, 1);
  EXPECT_THAT(DecodeHeader(text),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a .lathe file")));
}

TEST(FileHeaderTest, NamesWhatIsDamaged) {
  const std::string file = SmallFile();
  EXPECT_THAT(DecodeHeader(""), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("0 bytes")));
  EXPECT_THAT(DecodeHeader(file.substr(0, 63)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("63 bytes, the header alone 64")));
  EXPECT_THAT(DecodeHeader(file.substr(0, 99)),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("99 bytes, its header expects 100 (cut short)"),
                             HasSubstr("compile the model again"))));
  EXPECT_THAT(DecodeHeader(file + "x"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("(grown)")));
  std::string flipped = file;
  flipped[20] ^= 1;
  EXPECT_THAT(DecodeHeader(flipped),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("header's checksum")));
}

TEST(FileHeaderTest, RefusesOtherVersionsAndImpossibleRanges) {
  const std::string file = SmallFile();
  EXPECT_THAT(DecodeHeader(Resealed(file, 8, 3, 4)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("format version 3, Lathe ")));
  LATHE_ASSERT_OK_AND_ASSIGN(FileHeader next, DecodeHeader(Resealed(file, 8, 3, 4), {3, {}}));
  EXPECT_EQ(next.format_version, 3u);
  EXPECT_THAT(DecodeHeader(Resealed(file, 12, 65, 4)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("claims 65 bytes, expected 64")));
  for (const auto& [at, value] : std::initializer_list<std::pair<size_t, uint64_t>>{
           {16, 63}, {16, 101}, {16, ~uint64_t{0}}, {24, 35}, {24, ~uint64_t{0}}}) {
    EXPECT_THAT(DecodeHeader(Resealed(file, at, value, 8)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the manifest claims bytes")))
        << at << " " << value;
  }
}

TEST(FileHeaderTest, EveryFlippedBitIsSeen) {
  const std::string file = SmallFile();
  for (size_t i = 0; i < kHeaderBytes * 8; ++i) {
    std::string flipped = file;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(DecodeHeader(flipped).ok()) << "bit " << i;
  }
}

}  // namespace
}  // namespace lathe
