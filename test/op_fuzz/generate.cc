#include "test/op_fuzz/generate.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ops/attention/attention_build.h"
#include "ops/core/graph_builder.h"
#include "ops/core/verify.h"
#include "ops/elementwise/elementwise_build.h"
#include "ops/embedding/embedding_build.h"
#include "ops/linear/linear_build.h"
#include "ops/norm/norm_build.h"
#include "ops/rotary/rotary_build.h"
#include "ops/sampling/sampling_build.h"
#include "runtime/base/check.h"
#include "test/op_fuzz/draws.h"

namespace lathe::op_fuzz {
namespace {

using mlir::Value;

std::optional<DType> DTypeOfWeight(const std::string& name) {
  return absl::StrContains(name, "_bf16") ? DType::kBF16 : DType::kF32;
}

// The heads of a case's attention.
struct Heads {
  int64_t query = 1;
  int64_t kv = 1;
  int64_t dim = 8;
};

class Generator {
 public:
  Generator(mlir::MLIRContext& context, uint64_t seed, bool compiles)
      : d_(seed, compiles ? "compiled" : "interpreted"),
        b_(&context, {"fuzz", 512}, DTypeOfWeight) {
    run_.seed = seed;
    run_.compiles = compiles;
  }

  Case Run() {
    ChooseRun();
    ChooseShapes();
    b_.BeginEntry("step");
    AddInputs();
    const int64_t num_steps = 1 + d_.Below(10);
    for (int64_t i = 0; i < num_steps; ++i) AddStep();
    AddOutputs();
    b_.EndEntry();
    auto module = b_.Finish();
    LATHE_CHECK(module.ok()) << "seed " << run_.seed << ": " << module.status().ToString();
    return {*std::move(module), run_};
  }

 private:
  void ChooseRun() {
    run_.tokens.clear();
    for (int64_t i = d_.Pick<int64_t>({1, 1, 1, 2, 3}); i > 0; --i)
      run_.tokens.push_back(
          d_.Pick<int64_t>({1, 1, 2, 3, 4, 5, 8, 16, 17, 31, 33, 63, 64, 65, 100}));
    run_.logit_rows = d_.Pick<int64_t>({0, 1, 1, 2, 3, 17, 65});
    run_.precision = d_.OneIn(2) ? "f32" : "bf16";
    if (d_.OneIn(3)) run_.weights = d_.OneIn(2) ? "int8" : "int4";
  }

  void ChooseShapes() {
    if (d_.OneIn(5)) static_rows_ = d_.Pick<int64_t>({1, 3, 17, 64, 65});
    heads_.kv = d_.Pick<int64_t>({1, 1, 2, 3});
    heads_.query = heads_.kv * d_.Pick<int64_t>({1, 1, 2, 3});
    heads_.dim = d_.Pick<int64_t>({2, 6, 8, 16, 18, 24, 32, 48, 64, 66});
    widths_ = {heads_.query * heads_.dim, heads_.kv * heads_.dim};
    for (int i = 0; i < 3; ++i) {
      widths_.push_back(d_.Pick<int64_t>(
          {1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 100, 129}));
    }
  }

  Extent RowExtent() { return static_rows_ > 0 ? Extent(static_rows_) : Extent("tokens"); }

  void AddInputs() {
    for (int64_t i = 1 + d_.Below(2); i > 0; --i) {
      values_.push_back(b_.Input(absl::StrCat("x", i),
                                 b_.Tensor(DType::kF32, {RowExtent(), d_.PickFrom(widths_)})));
    }
  }

  // ---- values ---------------------------------------------------------------------------------

  static mlir::RankedTensorType TypeOf(Value value) { return TensorTypeOf(value); }
  static int64_t Width(Value value) { return TypeOf(value).getShape().back(); }

  bool HasTokenRows(Value value) {
    return TypeOf(value).getRank() == 2 && Extents(TypeOf(value)).front() == RowExtent();
  }

  // The later ones more often: graphs become deep as well as wide.
  Value PickValue() {
    const auto size = static_cast<int64_t>(values_.size());
    return values_[static_cast<size_t>(std::max(d_.Below(size), d_.Below(size)))];
  }

  Value PickMatrix() {
    Value value = PickValue();
    if (TypeOf(value).getRank() == 3) value = MergeHeads(b_, value);
    return value;
  }

  // Another value of the same type, or the same.
  Value PickLike(Value like) {
    std::vector<Value> found;
    for (Value value : values_) {
      if (value.getType() == like.getType()) found.push_back(value);
    }
    return found.empty() ? like : d_.PickFrom(found);
  }

  Value Add2(Value value) {
    values_.push_back(value);
    return value;
  }

  std::string NewName(absl::string_view what) {
    return absl::StrCat(what, count_++, d_.OneIn(3) ? "_bf16" : "");
  }

  Value Weight(absl::string_view what, llvm::ArrayRef<int64_t> shape) {
    return b_.Weights("").Param(NewName(what), shape);
  }

  WeightScope NormScope() {
    // The norms' functions take "weight" of a scope; dtypes go by the end of the name.
    return b_.Weights("").In(NewName("norm"));
  }

  Value Positions() {
    if (!positions_) positions_ = b_.Input("positions", b_.Tensor(DType::kI32, {RowExtent()}));
    return positions_;
  }

  RowPlacement Placement() {
    if (!row_sequence_)
      row_sequence_ = b_.Input("row_sequence", b_.Tensor(DType::kI32, {RowExtent()}));
    return {Positions(), row_sequence_};
  }

  RopeAngles Angles(int64_t pairs) {
    for (const auto& [known, angles] : angles_) {
      if (known == pairs) return angles;
    }
    std::vector<float> inverse;
    for (int64_t i = 0; i < pairs; ++i)
      inverse.push_back(std::ldexp(1.0f, static_cast<int>(-i % 12)));
    Value table = b_.Constant(absl::StrCat("inv_freq", pairs), {pairs}, inverse);
    RopeAngles angles = RopeTable(b_, Positions(), table, d_.OneIn(3) ? 1.25 : 1.0);
    angles_.emplace_back(pairs, angles);
    return angles;
  }

  // ---- steps ----------------------------------------------------------------------------------

  void AddStep() {
    switch (d_.Below(run_.compiles ? 12 : 16)) {
      case 0:
      case 1:
        return AddBinary();
      case 2:
        return AddUnary();
      case 3:
        return AddNorm();
      case 4:
      case 5:
        return AddProducts();
      case 6:
        return AddMlp();
      case 7:
        return AddHeads();
      case 8:
        return AddAttention();
      case 9:
        return AddEmbedding();
      case 10:
        return AddGather();
      case 11:
        return AddChoice();
      case 12:
        return AddFunction();
      case 13:
        return AddCasts();
      case 14:
        return AddPieces();
      default:
        return AddReduction();
    }
  }

  void AddBinary() {
    Value a = PickValue();
    Value b = PickLike(a);
    switch (d_.Below(4)) {
      case 0:
        Add2(Sub(b_, a, b));
        return;
      case 1:
        Add2(Scale(b_, Mul(b_, a, b), 0.5));
        return;
      case 2:
        Add2(Swiglu(b_, a, b, d_.OneIn(2) ? 0.0 : 1.5));
        return;
      default:
        Add2(Add(b_, a, b));
    }
  }

  void AddUnary() {
    Value x = PickValue();
    if (d_.OneIn(2)) {
      Add2(Silu(b_, x));
    } else {
      Add2(Scale(b_, x, d_.Pick({0.5, -1.25, 0.0, 3.0}), 0.0));
    }
  }

  Value Norm(Value x) {
    const double eps = d_.Pick({1e-6, 1e-5, 0.1});
    if (!run_.compiles && d_.OneIn(3)) return LayerNorm(b_, NormScope(), x, eps, d_.OneIn(2));
    return RmsNorm(b_, NormScope(), x, eps, d_.OneIn(4) ? 1.0 : 0.0);
  }

  void AddNorm() { Add2(Norm(PickValue())); }

  Value Product(Value x, int64_t columns, bool has_bias) {
    Value weight = Weight("w", {columns, Width(x)});
    return Matmul(b_, x, weight, has_bias ? Weight("b", {columns}) : Value());
  }

  // Up to four of one input, with or without a norm before and a residual behind.
  void AddProducts() {
    Value x = PickMatrix();
    Value rows = d_.OneIn(2) ? Norm(x) : x;
    const bool has_bias = d_.OneIn(3);
    for (int64_t i = 1 + d_.Below(4); i > 0; --i)
      Add2(Product(rows, d_.PickFrom(widths_), has_bias && !d_.OneIn(5)));
    if (d_.OneIn(2)) Add2(Add(b_, x, Product(rows, Width(x), has_bias)));
  }

  void AddMlp() {
    Value x = PickMatrix();
    Value rows = d_.OneIn(2) ? Norm(x) : x;
    const int64_t inner = d_.PickFrom(widths_);
    const bool has_bias = d_.OneIn(4);
    Value up = d_.OneIn(2) ? Product(rows, inner, has_bias) : Value();
    Value gate = Product(rows, inner, has_bias);
    if (!up) up = Product(rows, inner, has_bias);
    Value act = Swiglu(b_, gate, up, d_.OneIn(3) ? 2.0 : 0.0);
    if (d_.OneIn(5)) Add2(gate);
    Value down = Product(act, Width(x), d_.OneIn(4));
    Add2(d_.OneIn(3) ? down : d_.OneIn(2) ? Add(b_, x, down) : Add(b_, down, x));
  }

  Value HeadSteps(Value x) {
    if (d_.OneIn(2)) x = Norm(x);
    if (d_.OneIn(2) && HasTokens(x)) {
      const int64_t most = Width(x) / 2;
      if (most > 0) x = Rope(b_, x, Angles(d_.OneIn(2) ? most : 1 + d_.Below(most)));
    }
    if (d_.OneIn(4)) x = Scale(b_, x, 0.75);
    return x;
  }

  bool HasTokens(Value x) { return Extents(TypeOf(x)).front() == RowExtent(); }

  void AddHeads() {
    Value x = PickMatrix();
    for (int64_t i = 1 + d_.Below(2); i > 0; --i) {
      Value product = d_.OneIn(4) && Width(x) % heads_.dim == 0
                          ? x
                          : Product(x, heads_.query * heads_.dim, d_.OneIn(4));
      Value heads = HeadSteps(SplitHeads(b_, product, Width(product) / heads_.dim));
      Add2(heads);
    }
  }

  Value CacheOf(int64_t layer) {
    if (!cache_) {
      cache_ =
          b_.Input("kv", b_.Cache({.name = "kv",
                                   .layers = kCacheLayers,
                                   .kv_heads = heads_.kv,
                                   .head_dim = heads_.dim,
                                   .dtype = run_.precision == "bf16" ? DType::kBF16 : DType::kF32,
                                   .window = d_.Pick<int64_t>({0, 0, 1, 5, 64})}));
    }
    return CacheLayer(b_, cache_, layer, layer);
  }

  void AddAttention() {
    Value x = PickMatrix();
    if (num_attentions_ == kCacheLayers || !HasTokenRows(x) || static_rows_ > 0)
      return AddProducts();
    Value kv = CacheOf(num_attentions_++);
    Value rows = d_.OneIn(2) ? Norm(x) : x;
    auto heads = [&](int64_t count) {
      return SplitHeads(b_, Product(rows, count * heads_.dim, false), count);
    };
    Value query = HeadSteps(heads(heads_.query));
    Value key = HeadSteps(heads(heads_.kv));
    Value value = heads(heads_.kv);
    KvWrite(b_, kv, key, value, Placement());
    Value y = MergeHeads(b_, Attention(b_, query, kv, Placement(),
                                       1.0 / std::sqrt(static_cast<double>(heads_.dim))));
    if (d_.OneIn(5)) Add2(query);
    if (d_.OneIn(5)) Add2(key);
    Add2(y);
    if (d_.OneIn(2)) Add2(Add(b_, x, Product(y, Width(x), false)));
  }

  Value Indices(absl::string_view name, const Extent& rows) {
    return b_.Input(absl::StrCat(name, count_++), b_.Tensor(DType::kI32, {rows}));
  }

  void AddEmbedding() {
    Value table = Weight("table", {d_.Pick<int64_t>({1, 7, 32, 50}), d_.PickFrom(widths_)});
    Add2(Embed(b_, table, Indices("tokens", RowExtent()), d_.OneIn(2) ? 1.0 : 2.5));
  }

  void AddGather() {
    Value x = PickMatrix();
    if (!HasTokenRows(x)) return AddNorm();
    Add2(GatherRows(b_, x, Indices("rows", d_.OneIn(5) ? RowExtent() : Extent("logit_rows"))));
  }

  void AddChoice() {
    Value x = PickMatrix();
    if (d_.OneIn(2)) x = Product(x, d_.Pick<int64_t>({1, 40, 64, 130, 200}), false);
    choices_.push_back(Argmax(b_, x, Indices("limits", Extents(TypeOf(x)).front())));
    if (d_.OneIn(2)) Add2(x);
  }

  // ---- steps without a kernel -----------------------------------------------------------------

  void AddFunction() {
    Value x = PickValue();
    switch (d_.Below(8)) {
      case 0:
        Add2(Neg(b_, x));
        return;
      case 1:
        Add2(Exp(b_, Clamp(b_, x, -20.0, 3.0)));
        return;
      case 2:
        Add2(Rsqrt(b_, Scale(b_, Mul(b_, x, x), 1.0, 0.5)));
        return;
      case 3:
        Add2(Sigmoid(b_, x));
        return;
      case 4:
        Add2(Softplus(b_, x));
        return;
      case 5:
        Add2(Cos(b_, Clamp(b_, x, -100.0, 100.0)));
        return;
      case 6:
        Add2(Sin(b_, Clamp(b_, x, -100.0, 100.0)));
        return;
      default:
        Add2(Div(b_, x, Scale(b_, Sigmoid(b_, PickLike(x)), 1.0, 0.25)));
    }
  }

  void AddCasts() {
    Value x = PickValue();
    Value narrow = Cast(b_, x, d_.OneIn(2) ? DType::kBF16 : DType::kF16);
    if (d_.OneIn(2)) narrow = Add(b_, narrow, d_.OneIn(2) ? narrow : Silu(b_, narrow));
    Add2(Cast(b_, narrow, DType::kF32));
  }

  void AddPieces() {
    Value x = PickValue();
    const int64_t width = Width(x);
    const int64_t cut = d_.Below(width);
    Value right = Slice(b_, x, cut, width);
    Value left = cut > 0 ? Slice(b_, x, 0, cut) : PickLike(x);
    Add2(d_.OneIn(3) ? right : Concat(b_, {right, left}));
  }

  void AddReduction() {
    Value x = PickValue();
    Value narrow = Reduce(b_, d_.Pick({"sum", "max", "mean"}), x);
    Add2(narrow);
    Add2(Sub(b_, x, Broadcast(b_, narrow, Extents(TypeOf(x)))));
  }

  void AddOutputs() {
    // A runner gives the inputs itself: no program hands one back.
    std::vector<Value> computed;
    for (Value value : values_) {
      if (value.getDefiningOp() != nullptr) computed.push_back(value);
    }
    if (computed.empty()) computed.push_back(Silu(b_, values_.back()));
    b_.Output("y0", computed.back());
    for (int64_t i = d_.Below(3); i > 0; --i)
      b_.Output(absl::StrCat("y", i), d_.PickFrom(computed));
    for (size_t i = 0; i < choices_.size(); ++i) b_.Output(absl::StrCat("ids", i), choices_[i]);
  }

  static constexpr int64_t kCacheLayers = 3;

  Draws d_;
  GraphBuilder b_;
  CaseRun run_;
  int64_t static_rows_ = 0;
  Heads heads_;
  std::vector<int64_t> widths_;
  std::vector<Value> values_;   // of f32, [rows, W] or [rows, heads, D]
  std::vector<Value> choices_;  // of i32, [rows]
  Value positions_, row_sequence_, cache_;
  std::vector<std::pair<int64_t, RopeAngles>> angles_;
  int64_t num_attentions_ = 0;
  int64_t count_ = 0;
};

}  // namespace

Case GenerateCase(mlir::MLIRContext& context, uint64_t seed, bool compiles) {
  return Generator(context, seed, compiles).Run();
}

}  // namespace lathe::op_fuzz
