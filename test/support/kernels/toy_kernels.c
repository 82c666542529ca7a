// A language model without weights, as kernels: the next token is the sum of all tokens so far
// plus the position, so that every token read back from a wrong place changes the text.
// test/support/toy_model.h describes the artifact around it.
#include <stdint.h>

#define KERNEL(name) \
  void name(void* const* operands, const int64_t* dims, int64_t begin, int64_t end, void* scratch)

enum { kPageTokens = 64, kLayers = 2, kHeads = 2, kHeadDim = 4, kHidden = 3 };
enum {
  kPart = kHeads * kHeadDim * kPageTokens,
  kLayer = 2 * kPart,
  kPage = kLayers * kLayer
};  // floats

static float* PageOf(float* pool, const int32_t* table, int64_t max_pages, int32_t sequence,
                     int32_t position) {
  return pool + (int64_t)table[sequence * max_pages + position / kPageTokens] * kPage;
}

// Key of layer l, head h, component d: token + 1000 l + 100 h + 10 d; value: minus the position -
// the same. Layer inputs: token, position, layer. Items are rows, dims = {max_pages}.
KERNEL(toy_write) {
  (void)scratch;
  const int32_t* tokens = operands[0];
  const int32_t* positions = operands[1];
  const int32_t* row_sequence = operands[2];
  const int32_t* table = operands[3];
  float* pool = operands[4];
  for (int64_t row = begin; row < end; ++row) {
    float* page = PageOf(pool, table, dims[0], row_sequence[row], positions[row]);
    int32_t slot = positions[row] % kPageTokens;
    for (int l = 0; l < kLayers; ++l) {
      for (int h = 0; h < kHeads; ++h) {
        for (int d = 0; d < kHeadDim; ++d) {
          float mark = 1000.0f * l + 100.0f * h + 10.0f * d;
          float* keys = page + l * kLayer;
          float* values = keys + kPart;
          keys[(h * kHeadDim + d) * kPageTokens + slot] = (float)tokens[row] + mark;
          values[(h * kPageTokens + slot) * kHeadDim + d] = -(float)positions[row] - mark;
        }
      }
    }
    for (int l = 0; l <= kLayers; ++l) {
      float* hidden = (float*)operands[5 + l] + row * kHidden;
      hidden[0] = (float)tokens[row];
      hidden[1] = (float)positions[row];
      hidden[2] = (float)l;
    }
  }
}

// logits[v] = -|v - next|, but 1 - dims[3] for the ids from dims[2] on, which no tokenizer knows.
// ids[r] = the first largest logit below limits[r]. Items are logit rows, dims = {max_pages, vocab,
// tokenizer size, penalty of padding ids}.
KERNEL(toy_logits) {
  (void)scratch;
  const int32_t* logit_rows = operands[0];
  const int32_t* positions = operands[1];
  const int32_t* row_sequence = operands[2];
  const int32_t* table = operands[3];
  float* pool = operands[4];
  float* logits = operands[5];
  const int32_t* limits = operands[6];
  int32_t* ids = operands[7];
  for (int64_t i = begin; i < end; ++i) {
    int32_t row = logit_rows[i];
    int64_t sum = positions[row];
    for (int32_t t = 0; t <= positions[row]; ++t) {
      sum += (int64_t)PageOf(pool, table, dims[0], row_sequence[row], t)[t % kPageTokens];
    }
    int64_t next = sum % dims[2];
    for (int64_t v = 0; v < dims[1]; ++v) {
      int64_t distance = v > next ? v - next : next - v;
      logits[i * dims[1] + v] = v >= dims[2] ? 1.0f - (float)dims[3] : -(float)distance;
    }
    ids[i] = 0;
    for (int32_t v = 1; v < limits[i] && v < dims[1]; ++v) {
      if (logits[i * dims[1] + v] > logits[i * dims[1] + ids[i]]) ids[i] = v;
    }
  }
}
