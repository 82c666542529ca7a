#include "runtime/program/dependencies.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

Access Reads(int64_t begin, int64_t end, uint32_t space = 0) {
  return {.space = space, .begin = begin, .end = end, .is_written = false};
}
Access Writes(int64_t begin, int64_t end, uint32_t space = 0) {
  return {.space = space, .begin = begin, .end = end, .is_written = true};
}

TEST(AccessSetTest, TheFirstNeverWaits) {
  AccessSet set;
  EXPECT_FALSE(set.AddMustWait({Reads(0, 10), Writes(0, 10)}));
}

TEST(AccessSetTest, EveryOrderOfReadsAndWrites) {
  const struct {
    Access first;
    Access second;
    bool must_wait;
  } cases[] = {
      {Writes(0, 64), Reads(32, 96), true},    // read after write
      {Reads(0, 64), Writes(32, 96), true},    // write after read
      {Writes(0, 64), Writes(63, 65), true},   // write after write
      {Reads(0, 64), Reads(0, 64), false},     // two readers
      {Writes(0, 64), Reads(64, 128), false},  // neighbours
      {Writes(64, 128), Reads(0, 64), false},
      {Writes(0, 64), Reads(0, 64, 1), false},  // other spaces
      {Writes(0, 64), Reads(32, 32), false},    // nothing at all
      {Writes(32, 32), Reads(0, 64), false},
      {Writes(0, 64, 2), Reads(0, 64, 2), true},
  };
  for (const auto& one : cases) {
    AccessSet set;
    EXPECT_FALSE(set.AddMustWait({one.first}));
    EXPECT_EQ(set.AddMustWait({one.second}), one.must_wait)
        << one.first.begin << " " << one.second.begin;
  }
}

TEST(AccessSetTest, ABarrierSettlesAllBeforeIt) {
  AccessSet set;
  EXPECT_FALSE(set.AddMustWait({Writes(0, 10)}));
  EXPECT_FALSE(set.AddMustWait({Writes(10, 20)}));
  EXPECT_TRUE(set.AddMustWait({Reads(0, 10), Writes(20, 30)}));
  EXPECT_FALSE(set.AddMustWait({Reads(10, 20)})) << "written before the barrier";
  EXPECT_TRUE(set.AddMustWait({Reads(20, 30)})) << "written after it";
  set.Clear();
  EXPECT_FALSE(set.AddMustWait({Writes(20, 30)}));
}

}  // namespace
}  // namespace lathe
