#include "compiler/select/kernel_choice.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(KernelChoiceTest, EqualKeysAreEqualSymbols) {
  KernelChoice a;
  a.key = "matmul k=32 n=48";
  KernelChoice b = a;
  b.scratch_bytes = 64;
  EXPECT_EQ(KernelSymbol("matmul", a), KernelSymbol("matmul", b));
  b.key = "matmul k=32 n=64";
  EXPECT_NE(KernelSymbol("matmul", a), KernelSymbol("matmul", b));
}

TEST(KernelChoiceTest, SymbolsAreTheMnemonicAndSixteenDigits) {
  KernelChoice choice;
  choice.key = "rowwise";
  std::string symbol = KernelSymbol("rowwise", choice);
  EXPECT_EQ(symbol.substr(0, 8), "rowwise_");
  ASSERT_EQ(symbol.size(), 8 + 16);
  EXPECT_EQ(symbol.find_first_not_of("0123456789abcdef", 8), std::string::npos);
}

}  // namespace
}  // namespace lathe
