#include "runtime/generate/batch.h"

namespace lathe {

void Batch::Build(absl::Span<const Piece> pieces) {
  tokens_.clear();
  positions_.clear();
  row_sequence_.clear();
  row_offsets_.assign(1, 0);
  logit_rows_.clear();
  id_limits_.clear();
  sampling_.Clear();
  logit_offsets_.assign(1, 0);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Sequence& sequence = *pieces[i].sequence;
    int64_t first_logit = sequence.FirstLogitPosition(pieces[i].end);
    for (int64_t position = sequence.num_computed(); position < pieces[i].end; ++position) {
      if (position >= first_logit) {
        logit_rows_.push_back(static_cast<int32_t>(tokens_.size()));
        id_limits_.push_back(sequence.id_limit());
        sequence.AddSamplingRow(position, sampling_);
      }
      tokens_.push_back(sequence.tokens()[static_cast<size_t>(position)]);
      positions_.push_back(static_cast<int32_t>(position));
      row_sequence_.push_back(static_cast<int32_t>(i));
    }
    row_offsets_.push_back(static_cast<int32_t>(tokens_.size()));
    logit_offsets_.push_back(static_cast<int64_t>(logit_rows_.size()));
  }
  std::vector<const PageList*> lists(pieces.size());
  for (size_t group = 0; group < page_tables_.size(); ++group) {
    for (size_t i = 0; i < pieces.size(); ++i) lists[i] = &pieces[i].sequence->pages()[group];
    page_tables_[group].Build(lists);
  }
}

StepInput Batch::input() const {
  return {.tokens = tokens_,
          .positions = positions_,
          .row_sequence = row_sequence_,
          .row_offsets = row_offsets_,
          .logit_rows = logit_rows_,
          .id_limits = id_limits_,
          .sample_settings = sampling_.settings(),
          .sample_numbers = sampling_.numbers(),
          .sample_ids = sampling_.list_ids(),
          .sample_values = sampling_.list_values(),
          .page_tables = page_tables_};
}

}  // namespace lathe
