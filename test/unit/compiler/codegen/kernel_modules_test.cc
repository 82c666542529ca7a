#include "compiler/codegen/kernel_modules.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kKernels[] = R"(
  module {
    module @kernels.cpu {
      module @"x86-64-v3" {
        module @b attributes {lathe.scratch_bytes = 64 : i64} {}
        module @a attributes {lathe.scratch_bytes = 0 : i64} {}
      }
      module @"x86-64-v4" {
        module @b {}
      }
    }
  })";

class KernelModulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_ASSERT_OK_AND_ASSIGN(cpu_, FindTarget("cpu"));
    LATHE_ASSERT_OK_AND_ASSIGN(cuda_, FindTarget("cuda:sm_90a"));
  }

  Target cpu_;
  Target cuda_;
};

TEST_F(KernelModulesTest, KernelsStandInTheOrderOfTheModule) {
  Graph graph(kKernels);
  mlir::ModuleOp kernels = FindKernels(graph.module(), cpu_);
  ASSERT_TRUE(kernels);
  EXPECT_FALSE(FindKernels(graph.module(), cuda_));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<LoweredKernel> found,
                             KernelsOfLevel(kernels, cpu_.levels[0]));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].symbol, "b");
  EXPECT_EQ(found[0].scratch_bytes, 64);
  EXPECT_EQ(found[1].symbol, "a");
  EXPECT_EQ(found[1].body.getSymName(), "a");
}

TEST_F(KernelModulesTest, WhatAnEditedDumpLostIsNamed) {
  Graph graph(kKernels);
  mlir::ModuleOp kernels = FindKernels(graph.module(), cpu_);
  EXPECT_THAT(KernelsOfLevel(kernels, cpu_.levels[1]),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("level x86-64-v4"), HasSubstr("lathe.scratch_bytes"))));
  CpuLevel other = cpu_.levels[0];
  other.name = "x86-64-v2";
  EXPECT_THAT(KernelsOfLevel(kernels, other),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no kernels of level x86-64-v2: run phase lower first")));
}

TEST_F(KernelModulesTest, ACreatedModuleIsFound) {
  Graph graph("func.func @step() { return }");
  mlir::ModuleOp created = CreateKernels(graph.module(), cuda_);
  EXPECT_EQ(FindKernels(graph.module(), cuda_), created);
  EXPECT_EQ(created.getSymName(), "kernels.cuda:sm_90a");
}

}  // namespace
}  // namespace lathe
