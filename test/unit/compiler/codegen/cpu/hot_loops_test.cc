#include "compiler/codegen/cpu/hot_loops.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// An outer loop around two inner ones, of which the second multiplies.
constexpr char kKernel[] =
    "\t.text\n"
    "matmul_1:\n"                                                  // 1
    "\tmovq\t$-2, %rax\n"                                          // 2
    ".LBB0_1:\n"                                                   // 3
    "\txorl\t%ecx, %ecx\n"                                         // 4
    ".LBB0_2:\n"                                                   // 5
    "\tvmovups\t%zmm0, (%rdi,%rcx)\n"                              // 6
    "\tjb\t.LBB0_2\n"                                              // 7
    ".LBB0_3:                                # %body\n"            // 8
    "\tvmovdqa64\t-2112(%rsi), %zmm9\n"                            // 9
    "\tprefetcht1\t-64(%rsi)\n"                                    // 10
    "\tleaq\t8(%rdx,%rax), %rdx\n"                                 // 11
    "\tvfmadd231ps\t16(%rdi,%rax,8){1to16}, %zmm10, %zmm8\n"       // 12
    "\tvfmadd231ps\t%zmm10, %zmm9, %zmm8\n"                        // 13
    "\tvmovups\t%zmm8, 64(%rsp)                # 64-byte Spill\n"  // 14
    "\tcmpq\t$8, (%rbx)\n"                                         // 15
    "\t.p2align\t4\n"                                              // 16
    "\tje\t.LBB0_4\n"                                              // 17
    "\tjne\t.LBB0_3\n"                                             // 18
    ".LBB0_4:\n"                                                   // 19
    "\tjne\t.LBB0_1\n"                                             // 20
    "\tretq\n"
    "helper:\n"
    "\tretq\n";

TEST(HotLoopsTest, TheInnermostLoopWithTheMostProducts) {
  const std::vector<HotLoop> loops = FindHotLoops(kKernel);
  ASSERT_THAT(loops, SizeIs(1)) << "helper has no loop";
  EXPECT_EQ(loops[0].function, "matmul_1");
  EXPECT_EQ(loops[0].first_line, 8u);
  EXPECT_EQ(loops[0].last_line, 18u);
  const InstructionCounts& counts = loops[0].counts;
  EXPECT_EQ(counts.total, 9);
  EXPECT_EQ(counts.products, 2);
  EXPECT_EQ(counts.loads, 3) << "a move, an operand of a product, a comparison";
  EXPECT_EQ(counts.stores, 1);
  EXPECT_EQ(counts.stack, 1);
}

TEST(HotLoopsTest, MarksAreLinesAroundTheLoop) {
  const std::string marked = MarkHotLoops(kKernel);
  EXPECT_THAT(marked, HasSubstr("\tjb\t.LBB0_2\n; >>> inner loop: 9 instructions, 2 FMAs, 3 loads, "
                                "1 stores, 1 of them on the stack (spills)\n.LBB0_3:"));
  EXPECT_THAT(marked, HasSubstr("\tjne\t.LBB0_3\n; <<< inner loop of matmul_1\n.LBB0_4:"));
  // Nothing else changes.
  std::string plain;
  for (size_t at = 0; at < marked.size();) {
    const size_t end = marked.find('\n', at) + 1;
    if (marked[at] != ';') plain += marked.substr(at, end - at);
    at = end;
  }
  EXPECT_EQ(plain, kKernel);
}

TEST(HotLoopsTest, EachFunctionHasItsOwn) {
  const std::vector<HotLoop> loops = FindHotLoops(
      "tile_1:\n.LBB0_1:\n\tvdpbf16ps\t%zmm1, %zmm2, %zmm3\n\tjne\t.LBB0_1\n\tretq\n"
      "tile_2:\n.LBB1_1:\n\tvpdpbusd\t%ymm1, %ymm2, %ymm3\n\tvpmaddwd\t%ymm1, %ymm2, %ymm3\n"
      "\tjmp\t.LBB1_1\n");
  ASSERT_THAT(loops, SizeIs(2));
  EXPECT_EQ(loops[0].function, "tile_1");
  EXPECT_EQ(loops[0].counts.products, 1);
  EXPECT_EQ(loops[1].function, "tile_2");
  EXPECT_EQ(loops[1].counts.products, 2);
}

// Where nothing multiplies, the longest loop is the one.
TEST(HotLoopsTest, LoopsThatOnlyCallAreLeftOut) {
  const std::string sweep = "sweep:\n.LBB2_1:\n\tcallq\ttile\n\tincq\t%rax\n\tjne\t.LBB2_1\n";
  EXPECT_THAT(FindHotLoops(sweep), SizeIs(1));
  const std::vector<HotLoop> loops =
      FindHotLoops("tile:\n.LBB1_1:\n\tvfmadd231ps\t%zmm1, %zmm2, %zmm3\n\tjne\t.LBB1_1\n" + sweep);
  ASSERT_THAT(loops, SizeIs(1));
  EXPECT_EQ(loops[0].function, "tile");
}

// A loop that is left in the middle and goes on at its head is one loop.
TEST(HotLoopsTest, SeveralJumpsBackAreOneLoop) {
  const std::vector<HotLoop> loops =
      FindHotLoops("f:\n.L1:\n\tincq\t%rax\n\tjb\t.L1\n\tdecq\t%rbx\n\tjne\t.L1\n");
  ASSERT_THAT(loops, SizeIs(1));
  EXPECT_EQ(loops[0].counts.total, 4);
}

TEST(HotLoopsTest, TextThatIsNoAssemblyHasNoLoops) {
  for (const char* text : {"", "\n\n", "hello", "\tjmp\t.L1", "x:\n\tj\n", "\t(((,\n:\n::\n"})
    EXPECT_THAT(FindHotLoops(text), SizeIs(0)) << text;
  EXPECT_EQ(MarkHotLoops("a\nb"), "a\nb");
}

}  // namespace
}  // namespace lathe
