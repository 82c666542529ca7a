#include "compiler/plan/buffer_assignment.h"

#include <map>
#include <random>

#include "gtest/gtest.h"

namespace lathe {
namespace {

int64_t Evaluate(const SymExpr& bytes, const std::map<std::string, int64_t>& symbols) {
  return bytes.Evaluate(symbols).value();
}

TEST(BufferAssignmentTest, ReusesSpaceOfDeadBuffers) {
  std::vector<BufferRequest> requests = {
      {"tokens", 256, 0, 1}, {"tokens", 256, 1, 2}, {"tokens", 256, 2, 3}};
  BufferAssignment assignment = AssignBuffers(requests, 64);
  EXPECT_EQ(Evaluate(assignment.workspace, {{"tokens", 10}}), 2 * 256 * 10);
  EXPECT_EQ(Evaluate(assignment.offsets[0], {{"tokens", 10}}),
            Evaluate(assignment.offsets[2], {{"tokens", 10}}));
}

TEST(BufferAssignmentTest, UnitsHaveRegionsOfTheirOwn) {
  std::vector<BufferRequest> requests = {
      {"tokens", 100, 0, 9}, {"logit_rows", 4, 0, 9}, {"", 70, 0, 9}};
  BufferAssignment assignment = AssignBuffers(requests, 64);
  std::map<std::string, int64_t> symbols = {{"tokens", 3}, {"logit_rows", 5}};
  EXPECT_EQ(assignment.strides, (std::vector<int64_t>{128, 64, 128}));
  EXPECT_EQ(Evaluate(assignment.workspace, symbols), 3 * 128 + 5 * 64 + 128);
}

TEST(BufferAssignmentTest, NothingThatLivesTogetherOverlaps) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<BufferRequest> requests;
    for (int i = 0; i < 40; ++i) {
      int64_t begin = static_cast<int64_t>(random() % 30);
      const char* units[] = {"tokens", "logit_rows", ""};
      requests.push_back({units[random() % 3], static_cast<int64_t>(random() % 500 + 1), begin,
                          begin + static_cast<int64_t>(random() % 6)});
    }
    BufferAssignment assignment = AssignBuffers(requests, 64);
    for (const auto& symbols : {std::map<std::string, int64_t>{{"tokens", 1}, {"logit_rows", 1}},
                                std::map<std::string, int64_t>{{"tokens", 77}, {"logit_rows", 3}},
                                std::map<std::string, int64_t>{{"tokens", 2}, {"logit_rows", 0}}}) {
      for (size_t a = 0; a < requests.size(); ++a) {
        int64_t units_a = requests[a].unit.empty() ? 1 : symbols.at(requests[a].unit);
        int64_t begin_a = Evaluate(assignment.offsets[a], symbols);
        int64_t end_a = begin_a + requests[a].bytes_per_unit * units_a;
        EXPECT_EQ(begin_a % 64, 0);
        EXPECT_LE(end_a, Evaluate(assignment.workspace, symbols));
        for (size_t b = a + 1; b < requests.size(); ++b) {
          if (requests[a].first_use > requests[b].last_use ||
              requests[b].first_use > requests[a].last_use)
            continue;
          int64_t units_b = requests[b].unit.empty() ? 1 : symbols.at(requests[b].unit);
          int64_t begin_b = Evaluate(assignment.offsets[b], symbols);
          int64_t end_b = begin_b + requests[b].bytes_per_unit * units_b;
          EXPECT_TRUE(end_a <= begin_b || end_b <= begin_a) << a << " and " << b;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lathe
