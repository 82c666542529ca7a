// What quantisation did to the weights of an artifact, as text for people (`lathe compile`,
// `lathe inspect --quantization`).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/artifact/artifact.pb.h"

namespace lathe {

// How a weight is stored: "int4, groups of 32"; the type of its elements where they are no small
// integers: "BF16".
std::string WeightFormatText(const artifact::Weight& weight);

// Bytes and errors by format, then the tensors with the largest relative error, worst first, at
// most `limit` of them. "" when no weight is stored as small integers.
std::string QuantizationText(const std::vector<artifact::Weight>& weights, size_t limit);

}  // namespace lathe
