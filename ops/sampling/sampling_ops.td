// The choice of tokens from logits.
#ifndef LATHE_OPS_SAMPLING_OPS_TD
#define LATHE_OPS_SAMPLING_OPS_TD

include "ops/core/base.td"

def Lathe_ArgmaxOp : Lathe_NamedOp<"argmax", "ids", [Pure, Lathe_DecomposesInto, Lathe_Infers, Lathe_Evaluates,
                                                     Lathe_Costs]> {
  let summary = "ids[r] = the lowest i below limits[r] for which x[r, i] is largest";
  let description = [{
    What is no number never wins; -1 stands where nothing below the limit is a number above minus infinity. A limit
    beyond the row is the row's end: rows of a head behind the last token of the tokenizer are padding, and are kept
    out by it.
    C1: x has rank 2. C2: its last extent is a number that fits an id. C3: there is one limit a row.
  }];
  let arguments = (ins Lathe_F32:$x,        // [R, V]
                       Lathe_I32:$limits);  // [R]
  let results = (outs Lathe_I32:$ids);      // [R]
  let assemblyFormat = "$x `,` $limits attr-dict `:` type($x) `,` type($limits)";
  let hasVerifier = 1;
}

def Lathe_BlockMaxOp : Lathe_NamedOp<"block_max", "maxima", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                             Lathe_Costs]> {
  let summary = "maxima[r, j] = the largest number among x[r, block * j .. block * (j + 1)), the last block cut at the end";
  let description = [{
    Minus infinity stands where a block holds no number.
    C1: x has rank 2. C2: its last extent is a positive number. C3: block is positive.
  }];
  let arguments = (ins Lathe_F32:$x,  // [R, V]
                       I64Attr:$block);
  let results = (outs Lathe_F32:$maxima);  // [R, ceil(V / block)]
  let assemblyFormat = "$x `by` $block attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Lathe_ArgmaxByBlocksOp : Lathe_NamedOp<"argmax_by_blocks", "ids", [Pure, Lathe_Primitive, Lathe_Infers,
                                                                       Lathe_Evaluates, Lathe_Costs]> {
  let summary = "argmax of x that reads one block of a row, the one that the maxima of its blocks name";
  let description = [{
    The blocks that lie below the limit are judged by their maxima, what is left of x below the limit by itself. In the
    lowest block with the largest of these, the lowest id whose x is a number not below it is chosen; -1 where there is
    none. With the maxima of x (block_max) that is argmax of x.
    C1: x has rank 2. C2: its last extent is a number that fits an id. C3: there is one limit a row. C4: block is
    positive. C5: the maxima have one element a block.
  }];
  let arguments = (ins Lathe_F32:$x,       // [R, V]
                       Lathe_F32:$maxima,  // [R, ceil(V / block)]
                       Lathe_I32:$limits,  // [R]
                       I64Attr:$block);
  let results = (outs Lathe_I32:$ids);     // [R]
  let assemblyFormat = "$x `,` $maxima `,` $limits `by` $block attr-dict `:` type($x) `,` type($maxima) `,` type($limits)";
  let hasVerifier = 1;
}

def Lathe_SampleOp : Lathe_NamedOp<"sample", "ids", [Pure, Lathe_Primitive, Lathe_Infers, Lathe_Evaluates,
                                                     Lathe_Costs]> {
  let summary = "ids[r] = the id that row r of the logits gives under masks, penalties, temperature and filters";
  let description = [{
    The arrays and the formulas are those of ops/sampling/source/choose_row.h: a row's settings and numbers, and lists of
    ids for all rows. A row without settings keeps its greedy id. Below 0 stands where there is no id: -1 where nothing
    may be chosen, -2 - i where logit i is the first that is no number.
    C1: x has rank 2. C2: its last extent is a number that fits the weights of a draw. C3: there is one limit a row.
    C4: there is one greedy id a row. C5: a row has 6 settings. C6: a row has 9 numbers. C7: the lists have rank 1.
    C8: there is one value an id of the lists.
  }];
  let arguments = (ins Lathe_F32:$x,             // [R, V]
                       Lathe_I32:$greedy_ids,    // [R]
                       Lathe_I32:$limits,        // [R]
                       Lathe_F32:$settings,      // [R, 6]
                       Lathe_I32:$numbers,       // [R, 9]
                       Lathe_I32:$list_ids,      // [E]
                       Lathe_F32:$list_values);  // [E]
  let results = (outs Lathe_I32:$ids);           // [R]
  let assemblyFormat = "$x `or` $greedy_ids `,` $limits `,` $settings `,` $numbers `,` $list_ids `,` $list_values attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

#endif  // LATHE_OPS_SAMPLING_OPS_TD
