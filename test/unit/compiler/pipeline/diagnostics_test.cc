#include "compiler/pipeline/diagnostics.h"

#include "gtest/gtest.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

class DiagnosticsTest : public ::testing::Test {
 protected:
  mlir::Location Named(llvm::StringRef name) {
    return mlir::NameLoc::get(mlir::StringAttr::get(&context_, name));
  }

  mlir::MLIRContext context_;
};

TEST_F(DiagnosticsTest, ErrorsCarryPlacesAndNotes) {
  DiagnosticCollector collector(&context_);
  EXPECT_FALSE(collector.has_error());
  mlir::emitError(Named("model.layers.3")) << "is wrong";
  mlir::InFlightDiagnostic second =
      mlir::emitError(mlir::FileLineColLoc::get(&context_, "a.mlir", 3, 7)) << "too";
  second.attachNote() << "because";
  second.report();
  EXPECT_TRUE(collector.has_error());
  EXPECT_EQ(collector.ToStatus("unused"),
            absl::InvalidArgumentError("model.layers.3: is wrong\na.mlir:3:7: too\n"
                                       "  note: because"));
}

TEST_F(DiagnosticsTest, ManyErrorsAreCounted) {
  DiagnosticCollector collector(&context_);
  for (int i = 0; i < 12; ++i)
    mlir::emitError(mlir::UnknownLoc::get(&context_)) << "error " << i << ".";
  EXPECT_THAT(collector.ToStatus("unused"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("error 0."), HasSubstr("error 4.\n7 more errors"),
                             Not(HasSubstr("error 5.")))));
}

TEST_F(DiagnosticsTest, OthersThanErrorsPassThrough) {
  std::string seen;
  mlir::ScopedDiagnosticHandler outer(&context_, [&](mlir::Diagnostic& diagnostic) {
    seen += diagnostic.str();
    return mlir::success();
  });
  DiagnosticCollector collector(&context_);
  mlir::emitWarning(Named("x")) << "careful";
  EXPECT_EQ(seen, "careful");
  EXPECT_FALSE(collector.has_error());
}

TEST_F(DiagnosticsTest, SilenceIsOurFault) {
  DiagnosticCollector collector(&context_);
  EXPECT_EQ(collector.ToStatus("a pass failed"), absl::InternalError("a pass failed"));
}

TEST_F(DiagnosticsTest, PlacesAreTheFirstThatSaysSomething) {
  mlir::Location unknown = mlir::UnknownLoc::get(&context_);
  EXPECT_EQ(LocationText(unknown), "");
  EXPECT_EQ(LocationText(Named("w")), "w");
  EXPECT_EQ(LocationText(mlir::FusedLoc::get(&context_, {unknown, Named("a"), Named("b")})), "a");
}

}  // namespace
}  // namespace lathe
