// Attention over a cache group. The pages behind a cache are bound by the runtime and do not appear here.
#ifndef LATHE_OPS_ATTENTION_OPS_TD
#define LATHE_OPS_ATTENTION_OPS_TD

include "ops/core/base.td"

def Lathe_CacheLayerOp : Lathe_NamedOp<"cache_layer", "kv", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates]> {
  let summary = "one layer of a cache group";
  let description = [{
    model_layer is the decoder layer that owns it, where that is not the number in the group (layers without this cache
    stand between); tools name its contents by it.
    C1: 0 <= index < layers. C2: model_layer is not negative.
  }];
  let arguments = (ins Lathe_KvCache:$cache, I64Attr:$index, OptionalAttr<I64Attr>:$model_layer);
  let results = (outs Lathe_KvLayer:$layer);
  let extraClassDeclaration = [{
    int64_t ModelLayerOrIndex() { return static_cast<int64_t>(getModelLayer().value_or(getIndex())); }
  }];
  let assemblyFormat = "$cache `[` $index `]` attr-dict `:` qualified(type($cache))";
  let hasVerifier = 1;
}

def Lathe_KvWriteOp : Lathe_Op<"kv_write", [Lathe_Primitive, Lathe_Evaluates, Lathe_Costs]> {
  let summary = "stores the rows' keys and values, rounded to the cache's dtype";
  let description = [{
    Row s goes to position positions[s] of sequence row_sequence[s]; a row whose position or sequence is negative is
    dropped.
    C1: key and value are [S, kv_heads, head_dim] of the cache. C2: positions and row_sequence are [S].
  }];
  let arguments = (ins Arg<Lathe_KvLayer, "", [MemWrite]>:$kv,
                       Lathe_F32:$key,            // [S, NK, D]
                       Lathe_F32:$value,          // [S, NK, D]
                       Lathe_I32:$positions,      // [S]
                       Lathe_I32:$row_sequence);  // [S]
  let assemblyFormat = [{
    $kv `,` $key `,` $value `,` $positions `,` $row_sequence attr-dict `:` qualified(type($kv)) `,` type($key) `,`
    type($value) `,` type($positions) `,` type($row_sequence)
  }];
  let hasVerifier = 1;
}

def Lathe_AttentionOp : Lathe_NamedOp<"attention", "attn", [AllTypesMatch<["query", "y"]>, Lathe_Primitive,
                                                            Lathe_Evaluates, Lathe_Costs]> {
  let summary = "causal attention of each row over its sequence's cached keys up to its own position";
  let description = [{
    Query head j reads key-value head j / (NQ / NK). With a window w only the last w positions count, the row's own among
    them. Softmax in f32. A row whose position or sequence is negative gives zeros.
    C1: query is [S, NQ, head_dim]. C2: NQ is a multiple of kv_heads. C3: positions and row_sequence are [S].
    C4: scale is finite and positive.
  }];
  let arguments = (ins Lathe_F32:$query,          // [S, NQ, D]
                       Arg<Lathe_KvLayer, "", [MemRead]>:$kv,
                       Lathe_I32:$positions,      // [S]
                       Lathe_I32:$row_sequence,   // [S]
                       F64Attr:$scale);
  let results = (outs Lathe_F32:$y);              // as query
  let assemblyFormat = [{
    $query `,` $kv `,` $positions `,` $row_sequence attr-dict `:` type($query) `,` qualified(type($kv)) `,`
    type($positions) `,` type($row_sequence)
  }];
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_ATTENTION_OPS_TD
