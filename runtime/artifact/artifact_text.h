// What an artifact holds, as text for people (`lathe inspect`, `lathe-run -v`).
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe {

// Model, how it chooses tokens, targets, code, sections with sizes, entries with inputs and
// outputs, and the memory table.
std::string SummaryText(const Artifact& artifact);

// How the model was published to choose tokens: "temperature 0.6, top_k 20; ends at id 151645".
std::string GenerationText(const artifact::GenerationDefaults& defaults);

// Bytes by use: weights, one page and one token of each cache group, the workspace of each entry as
// an expression.
std::string MemoryText(const artifact::Manifest& manifest);

// One line a command: number, name, kernel, items; operands and dims below it with `verbose`, and
// the notes that say why.
std::string ProgramText(const artifact::Manifest& manifest, const artifact::Program& program,
                        bool verbose);

}  // namespace lathe
