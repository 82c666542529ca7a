#include "tools/lathe/inspect/ir_text.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDispatch[] = "model.layers.1.self_attn.o_proj";

std::string Cut(const char* phase, const char* level = "") {
  absl::StatusOr<Artifact> artifact = Artifact::Open(CompiledModel());
  EXPECT_TRUE(artifact.ok()) << artifact.status().ToString();
  absl::StatusOr<std::string> text = DispatchIr(*artifact, phase, kDispatch, level);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  return text.value_or("");
}

TEST(IrTextTest, PhasesAreThoseThatRan) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  EXPECT_THAT(PhasesOf(artifact.manifest()),
              ElementsAre("normalize", "place", "quantize", "fuse", "select", "lower", "plan"));
  LATHE_ASSERT_OK_AND_ASSIGN(IrModule ir, ParseIr(artifact, "fuse"));
  EXPECT_TRUE(ir.module->lookupSymbol("step") != nullptr);
  EXPECT_THAT(ParseIr(artifact, "fuze").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("it has: normalize, ")));
}

TEST(IrTextTest, OneDispatchThroughThePhases) {
  // Before fuse its ops stand for themselves, and no others.
  EXPECT_THAT(Cut("normalize"),
              AllOf(HasSubstr("lathe.matmul"), HasSubstr("lathe.add"),
                    Not(HasSubstr("lathe.dispatch")), Not(HasSubstr("attention"))));
  const std::string ops = Cut("normalize");
  EXPECT_EQ(ops.find("lathe.add"), ops.rfind("lathe.add")) << "only the one behind the product";
  const std::string fused = Cut("fuse");
  EXPECT_THAT(fused, AllOf(HasSubstr("lathe.dispatch \"self_attn.o_proj\""),
                           HasSubstr("func.func @alone(%arg0: "), Not(HasSubstr("loc(")),
                           Not(HasSubstr("kernels = "))));
  EXPECT_THAT(Cut("select"), HasSubstr("kernels = {cpu = \"matmul\"}"));
  EXPECT_THAT(Cut("lower"),
              AllOf(HasSubstr("// cpu, x86-64-v3\n"), HasSubstr("// cpu, x86-64-v4\n"),
                    HasSubstr("llvm.func @matmul_")));
  EXPECT_THAT(Cut("lower", "x86-64-v3"), Not(HasSubstr("// cpu, x86-64-v4\n")));
  EXPECT_THAT(Cut("plan"), HasSubstr("lathe.dispatch \"model.layers.1.self_attn.o_proj\""));
}

TEST(IrTextTest, UnknownDispatchesAreNamedWithTheNearest) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  for (const char* phase : {"normalize", "fuse", "plan"}) {
    EXPECT_THAT(DispatchIr(artifact, phase, "model.layers.1.self_attn.oproj", ""),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean model.layers.")));
  }
}

TEST(IrTextTest, LocationsAreLeftOut) {
  EXPECT_EQ(WithoutLocations("#loc1 = loc(\"a\")\n  op %x loc(\"b(c)\") : t loc(#loc1)\n}\n\n"),
            "  op %x : t\n}\n");
}

}  // namespace
}  // namespace lathe
