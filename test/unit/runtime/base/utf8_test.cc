#include "runtime/base/utf8.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

std::string Utf8(char32_t code_point) {
  std::string out = "<";
  AppendUtf8(code_point, &out);
  return out;
}

TEST(Utf8Test, EveryLengthAtItsBorders) {
  EXPECT_EQ(Utf8('A'), "<A");
  EXPECT_EQ(Utf8(0x7f), "<\x7f");
  EXPECT_EQ(Utf8(0x80), "<\xc2\x80");
  EXPECT_EQ(Utf8(0x7ff), "<\xdf\xbf");
  EXPECT_EQ(Utf8(0x800), "<\xe0\xa0\x80");
  EXPECT_EQ(Utf8(0x20ac), "<\u20ac");
  EXPECT_EQ(Utf8(0xffff), "<\xef\xbf\xbf");
  EXPECT_EQ(Utf8(0x10000), "<\xf0\x90\x80\x80");
  EXPECT_EQ(Utf8(0x1f600), "<\U0001f600");
  EXPECT_EQ(Utf8(0x10ffff), "<\xf4\x8f\xbf\xbf");
}

TEST(Utf8Test, NothingBeyondTheLastCodePoint) {
  EXPECT_EQ(Utf8(0x110000), "<");
  EXPECT_EQ(Utf8(0xffffffff), "<");
}

}  // namespace
}  // namespace lathe
