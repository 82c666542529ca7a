#include "ops/sampling/source/real.h"

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace lathe::sampling {
namespace {

static_assert(Exp(0) == 1 && Log(1) == 0, "constant expressions");
static_assert(MulHigh(~uint64_t{0}, ~uint64_t{0}) == ~uint64_t{0} - 1);

TEST(RealTest, ExpIsThatOfTheLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    // Dense near 0, out to where results are denormal numbers.
    const double x = -std::ldexp(static_cast<double>(random() >> 11), -53) * std::exp2(i % 40 - 30);
    if (x < -700) continue;
    EXPECT_NEAR(Exp(x) / std::exp(x), 1, 1e-14) << x;
  }
  for (double x : {-701.0, -std::numeric_limits<double>::infinity(),
                   std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Exp(x), Exp(-700)) << x;
  }
}

TEST(RealTest, ExpNeverRises) {
  double last = 1;
  for (double x = 0; x > -50; x -= 1.0 / 4096) {
    EXPECT_LE(Exp(x), last) << x;
    last = Exp(x);
  }
}

TEST(RealTest, LogIsThatOfTheLibrary) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const double x =
        (1 + std::ldexp(static_cast<double>(random() >> 11), -53)) * std::exp2(i % 200 - 100);
    EXPECT_NEAR(Log(x), std::log(x), 1e-14 * std::max(1.0, std::abs(std::log(x)))) << x;
  }
  EXPECT_EQ(Log(1), 0);
}

TEST(RealTest, MulHighIsTheUpperHalf) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random() >> i % 64;
    const uint64_t b = random() >> i / 64 % 64;
    EXPECT_EQ(MulHigh(a, b), static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64));
  }
}

TEST(RealTest, WhatIsNotANumber) {
  EXPECT_TRUE(IsNan(std::numeric_limits<float>::quiet_NaN()));
  EXPECT_FALSE(IsNan(kInfinity));
  EXPECT_EQ(kInfinity, std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace lathe::sampling
