// What a manifest says of a model, for programs: numbers that no field holds as such, and all of it
// as JSON.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/artifact/artifact_reader.h"

namespace lathe::c_api {

// How most bytes of the weights are stored: "BF16", "int4, groups of 32"; "" without weights.
std::string WeightFormat(const artifact::Manifest& manifest);

// Layers with keys and values.
int64_t NumLayers(const artifact::Manifest& manifest);

// The width of the matrices with one row an id (embedding, head); 0 when there is none, or when
// they differ.
int64_t HiddenSize(const artifact::Manifest& manifest);

// The hidden states that a step gives: inputs of layers 0, 1, ... and what the last one gives; 0
// when the model was compiled without them.
int64_t NumHiddenStates(const artifact::Manifest& manifest);

// One object in one line: model, caches, entries, code, how tokens are chosen, who made it.
std::string SummaryJson(const Artifact& artifact);

}  // namespace lathe::c_api
