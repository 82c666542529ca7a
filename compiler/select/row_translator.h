// Translates the row-by-row ops of a dispatch into steps of row programs
// (compiler/lower/rowwise.h), op by op, and binds what they read and write.
//   RowTranslator rows(dispatch, choice.bindings);
//   rows.AddRows();  // or AddHeads for each product
//   for (mlir::Operation& op : dispatch.block().without_terminator())
//     LATHE_RETURN_IF_ERROR(rows.Translate(&op));
//   LATHE_RETURN_IF_ERROR(rows.StoreResults());
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lower/rowwise.h"
#include "compiler/select/kernel_choice.h"
#include "llvm/ADT/DenseMap.h"
#include "ops/core/dialect.h"

namespace lathe {

class RowTranslator {
 public:
  // Kernel operands are appended to `bindings`, which must outlive the translator.
  RowTranslator(DispatchOp dispatch, std::vector<Binding>& bindings)
      : dispatch_(dispatch), bindings_(bindings) {}

  // The only program: it works on whole rows.
  void AddRows();
  // One more program, which works on the heads of `product`, [rows, heads * head_dim]. Whatever
  // reads two products, or more than one head of one, is then declined.
  void AddHeads(mlir::Value product, int64_t head_dim);

  // Adds the op's steps, in the program of what it reads. FailedPrecondition says why it has none.
  absl::Status Translate(mlir::Operation* op);
  // Adds steps that store the results of the dispatch.
  absl::Status StoreResults();

  std::vector<RowProgram> programs() const;
  // Those of all ops; none before the first.
  const std::optional<SymExpr>& rows() const { return rows_; }
  // What the programs read as the kernel's dims; there are rows.
  std::vector<SymExpr> Dims() const;

 private:
  struct Part {
    int64_t head_dim = 0;  // 0: whole rows
    RowProgram program;
    llvm::DenseMap<mlir::Value, int> steps;  // that hold a value
  };

  absl::Status CheckRows(mlir::Operation* op);
  absl::StatusOr<Part*> PartOf(mlir::ValueRange values);
  bool IsOnePart(const Part& part, mlir::Value value) const;

  template <typename F>
  absl::Status Unary(mlir::Value result, mlir::Value operand, F make);
  template <typename F>
  absl::Status Binary(mlir::Value result, mlir::Value a, mlir::Value b, F make);
  absl::Status EmitReshape(mlir::Operation* op);
  absl::Status EmitScale(mlir::Operation* op);
  absl::Status EmitRmsNorm(mlir::Operation* op);
  absl::Status EmitRope(mlir::Operation* op);
  absl::Status EmitEmbed(mlir::Operation* op);
  absl::Status EmitGatherRows(mlir::Operation* op);
  absl::Status EmitKvWrite(mlir::Operation* op);

  absl::StatusOr<int> StepOf(Part& part, mlir::Value value);
  absl::StatusOr<int> Operand(mlir::Value value, const std::string& layout = "rows");
  int Bind(const Binding& binding);

  DispatchOp dispatch_;
  std::vector<Binding>& bindings_;
  std::vector<Part> parts_;
  std::optional<SymExpr> rows_;
  SymExpr gather_limit_;
  bool has_gather_rows_ = false;
  bool has_cache_ = false;
  std::map<int64_t, int> operands_;  // operand of the dispatch -> operand of the kernel
};

}  // namespace lathe
