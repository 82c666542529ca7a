#include "runtime/generate/program_runner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr absl::string_view kSettings = "sample_settings";

// An input that a step of text has, and what is bound to it.
struct StepInputRows {
  absl::string_view name;
  artifact::DType dtype;
  const void* data;
  size_t bytes;
};

StepInputRows Rows(absl::string_view name, absl::Span<const int32_t> rows) {
  return {name, artifact::I32, rows.data(), rows.size() * sizeof(int32_t)};
}
StepInputRows Rows(absl::string_view name, absl::Span<const float> rows) {
  return {name, artifact::F32, rows.data(), rows.size() * sizeof(float)};
}

std::array<StepInputRows, 10> InputsOf(const StepInput& input) {
  return {Rows("tokens", input.tokens),
          Rows("positions", input.positions),
          Rows("row_sequence", input.row_sequence),
          Rows("row_offsets", input.row_offsets),
          Rows("logit_rows", input.logit_rows),
          Rows("id_limits", input.id_limits),
          Rows(kSettings, input.sample_settings),
          Rows("sample_numbers", input.sample_numbers),
          Rows("sample_ids", input.sample_ids),
          Rows("sample_values", input.sample_values)};
}

constexpr absl::string_view kNextIds = "next_ids";

const StepInputRows* FindInput(absl::Span<const StepInputRows> inputs, absl::string_view name) {
  for (const StepInputRows& input : inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

bool HasInput(const Program& program, absl::string_view name) {
  const auto& inputs = program.description().inputs();
  return std::any_of(inputs.begin(), inputs.end(),
                     [&](const artifact::Input& input) { return input.name() == ToStd(name); });
}

}  // namespace

ProgramRunner::ProgramRunner(const artifact::Manifest& manifest, std::unique_ptr<Program> program)
    : manifest_(manifest),
      program_(std::move(program)),
      heeds_settings_(HasInput(*program_, kSettings)) {}

absl::StatusOr<std::unique_ptr<ProgramRunner>> ProgramRunner::Create(
    const artifact::Manifest& manifest, std::unique_ptr<Program> program) {
  LATHE_CHECK(program != nullptr);
  const auto known = InputsOf({});
  for (const artifact::Input& input : program->description().inputs()) {
    const StepInputRows* rows = FindInput(known, input.name());
    if (rows == nullptr || input.dtype() != rows->dtype) {
      return absl::UnimplementedError(
          absl::StrCat("entry ", program->description().entry(), ": input ", input.name(),
                       " of dtype number ", static_cast<int>(input.dtype()),
                       " cannot be given by a step of text; this runner is too old for the "
                       "artifact, or the artifact is not a language model's"));
    }
  }
  for (const artifact::Output& output : program->description().outputs()) {
    const bool is_ids = output.name() == ToStd(kNextIds);
    if (output.dtype() != (is_ids ? artifact::I32 : artifact::F32)) {
      return absl::InvalidArgumentError(
          absl::StrCat("entry ", program->description().entry(), ": output ", output.name(),
                       " is of dtype number ", static_cast<int>(output.dtype()), ", expected ",
                       is_ids ? "I32" : "F32", "; compile it again"));
    }
  }
  for (absl::string_view name : {absl::string_view("logits"), kNextIds}) {
    if (program->HasOutput(name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("entry ", program->description().entry(), " has no output ", name,
                     ", so it cannot choose tokens; compile it again"));
  }
  return std::unique_ptr<ProgramRunner>(new ProgramRunner(manifest, std::move(program)));
}

absl::Status ProgramRunner::Run(const StepInput& input, absl::Span<const KvCache> caches) {
  bindings_.symbols.clear();
  bindings_.symbols.push_back({"tokens", static_cast<int64_t>(input.tokens.size())});
  bindings_.symbols.push_back({"sequences", static_cast<int64_t>(input.row_offsets.size()) - 1});
  bindings_.symbols.push_back({"logit_rows", static_cast<int64_t>(input.logit_rows.size())});
  bindings_.symbols.push_back({"sample_entries", static_cast<int64_t>(input.sample_ids.size())});
  BindCostSymbols(input);
  bindings_.kv_groups.clear();
  for (size_t i = 0; i < caches.size(); ++i) {
    const artifact::KvCacheGroup& group = manifest_.kv_groups(static_cast<int>(i));
    const std::string& symbol = manifest_.symbols(static_cast<int>(group.max_pages_symbol()));
    bindings_.symbols.push_back({symbol, input.page_tables[i].max_pages()});
    bindings_.kv_groups.push_back({.pool = reinterpret_cast<char*>(caches[i].pool().base()),
                                   .page_table = input.page_tables[i].data()});
  }
  bindings_.inputs.clear();
  const auto known = InputsOf(input);
  for (const artifact::Input& described : program_->description().inputs()) {
    const StepInputRows* rows = FindInput(known, described.name());
    bindings_.inputs.push_back({described.name(), rows->data, rows->bytes});
  }
  if (!observer_) return program_->Run(bindings_);
  LATHE_RETURN_IF_ERROR(program_->Run(bindings_, &record_));
  observer_(input, record_);
  return absl::OkStatus();
}

// The symbols of costs that are no extents (ops/attention, ops/moe): keys seen, summed over the
// rows of the step, and keys held, summed over its sequences. Windows are not subtracted, so the
// cost of a layer with one is an upper limit. Experts visited in a layer.
void ProgramRunner::BindCostSymbols(const StepInput& input) {
  int64_t attended_keys = 0;
  for (int32_t position : input.positions) attended_keys += position + 1;
  int64_t cached_keys = 0;
  for (size_t i = 0; i + 1 < input.row_offsets.size(); ++i) {
    const int32_t end = input.row_offsets[i + 1];
    if (end > input.row_offsets[i])
      cached_keys += input.positions[static_cast<size_t>(end) - 1] + 1;
  }
  bindings_.symbols.push_back({"attended_keys", attended_keys});
  bindings_.symbols.push_back({"cached_keys", cached_keys});
  // The most that the rows can visit; which they do is known to the device alone.
  bindings_.symbols.push_back(
      {"active_experts",
       std::min(manifest_.num_experts(),
                static_cast<int64_t>(input.tokens.size()) * manifest_.experts_per_row())});
}

absl::Span<const float> ProgramRunner::Output(absl::string_view name) const {
  return name == kNextIds ? absl::Span<const float>() : View<float>(name);
}

absl::Span<const int32_t> ProgramRunner::NextIds() const { return View<int32_t>(kNextIds); }

template <typename T>
absl::Span<const T> ProgramRunner::View(absl::string_view name) const {
  if (!program_->HasOutput(name)) return {};
  absl::StatusOr<OutputView> view = program_->Output(name);
  if (!view.ok()) return {};
  return {reinterpret_cast<const T*>(view->data), view->bytes / sizeof(T)};
}

}  // namespace lathe
