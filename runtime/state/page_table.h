// Which pages hold a sequence (PageList), and the table of a step that tells kernels so
// (PageTable).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace lathe {

// The pages of one sequence in one cache group: token t lives in pages[t / page_tokens], row t %
// page_tokens. Changed by KvCache alone; empty until the sequence is admitted and after it is
// released.
struct PageList {
  std::vector<int32_t> pages;
  int64_t length = 0;        // tokens that have room
  int64_t num_recycled = 0;  // the first pages, all older than the window: no longer held, their
                             // entries name any valid page
  int64_t num_indexed = 0;   // the first pages, full and found by their content
  std::optional<int32_t> prefix_node = 0;  // of the last of them (PrefixCache); none: the pages
                                           // that follow cannot be found

  int64_t num_held() const { return static_cast<int64_t>(pages.size()) - num_recycled; }
};

// int32 [sequences, max_pages]: row i lists the pages of the step's sequence i; max_pages is the
// longest list's length, at least 1. Entries beyond a list are 0: a valid page, never read.
class PageTable {
 public:
  // Fills the table anew; storage is kept from step to step.
  void Build(absl::Span<const PageList* const> lists);

  const int32_t* data() const { return entries_.data(); }
  int64_t num_sequences() const { return num_sequences_; }
  int64_t max_pages() const { return max_pages_; }

 private:
  std::vector<int32_t> entries_ = {0};  // [num_sequences, max_pages], never without a first entry
  int64_t num_sequences_ = 0;
  int64_t max_pages_ = 1;
};

}  // namespace lathe
