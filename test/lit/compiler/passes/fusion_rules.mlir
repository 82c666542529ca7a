// The rules of compiler/passes/fusion_rules.cc, each on the smallest graph that shows it.
// RUN: lathe-opt %s --lathe-form-dispatches | FileCheck %s

#t = #lathe.sym<tokens>
#r = #lathe.sym<logit_rows>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>

// Rule 1: matmuls of one input, at most three. Each dispatch names what it reads.
// CHECK-LABEL: func.func @shared_input
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32, #tokens>, %[[A:.*]]: tensor<16x32xf32>, %[[B:.*]]: tensor<8x32xf32>
func.func @shared_input(%x: tensor<?x32xf32, #t>, %a: tensor<16x32xf32>, %b: tensor<8x32xf32>)
    -> (tensor<?x16xf32, #t>, tensor<?x8xf32, #t>, tensor<?x16xf32, #t>, tensor<?x8xf32, #t>) {
  // CHECK-NEXT: lathe.dispatch "attn.q_proj+k_proj+v_proj" (%[[I:.*]] = %[[X]] : tensor<?x32xf32, #tokens>, %[[WA:.*]] = %[[A]] : tensor<16x32xf32>, %[[WB:.*]] = %[[B]] : tensor<8x32xf32>) -> (tensor<?x16xf32, #tokens>, tensor<?x8xf32, #tokens>, tensor<?x16xf32, #tokens>) attributes {rule = "matmul_shared_input"}
  // CHECK-NEXT: %[[Q:.*]] = lathe.matmul %[[I]], %[[WA]]
  // CHECK-NEXT: %[[K:.*]] = lathe.matmul %[[I]], %[[WB]]
  // CHECK-NEXT: %[[V:.*]] = lathe.matmul %[[I]], %[[WA]]
  // CHECK-NEXT: lathe.yield %[[Q]], %[[K]], %[[V]]
  %q = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("attn.q_proj")
  %k = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<8x32xf32> loc("attn.k_proj")
  %v = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("attn.v_proj")
  // CHECK: lathe.dispatch "attn.o_proj" {{.*}} attributes {rule = "matmul"}
  %o = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<8x32xf32> loc("attn.o_proj")
  return %q, %k, %v, %o : tensor<?x16xf32, #t>, tensor<?x8xf32, #t>, tensor<?x16xf32, #t>, tensor<?x8xf32, #t>
}

// Weights of other types, and a bias on one side only, are other kernels.
// CHECK-LABEL: func.func @unlike
func.func @unlike(%x: tensor<?x32xf32, #t>, %a: tensor<16x32xf32>, %b: tensor<16x32xbf16>, %bias: tensor<16xf32>)
    -> (tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>) {
  // CHECK: lathe.dispatch "a" {{.*}} -> tensor<?x16xf32, #tokens> attributes {rule = "matmul"}
  %p = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("a")
  // CHECK: lathe.dispatch "b" {{.*}} -> tensor<?x16xf32, #tokens> attributes {rule = "matmul"}
  %q = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<16x32xbf16> loc("b")
  // CHECK: lathe.dispatch "c" {{.*}} -> tensor<?x16xf32, #tokens> attributes {rule = "matmul"}
  %r = lathe.matmul %x, %a bias %bias : tensor<?x32xf32, #t>, tensor<16x32xf32>, tensor<16xf32> loc("c")
  return %p, %q, %r : tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>
}

// Small integers of other widths and groups are other kernels too, though all stand for f32.
// CHECK-LABEL: func.func @unlike_formats
func.func @unlike_formats(%x: tensor<?x32xf32, #t>, %a: tensor<16x32xf32, #lathe.group_quant<int4, group = 32>>,
                          %b: tensor<16x32xf32, #lathe.group_quant<int8, group = 32>>, %c: tensor<16x32xf32>)
    -> (tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>) {
  // CHECK: lathe.dispatch "a+d" {{.*}} attributes {rule = "matmul_shared_input"}
  %p = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32, #lathe.group_quant<int4, group = 32>> loc("a")
  // CHECK: lathe.dispatch "b" {{.*}} attributes {rule = "matmul"}
  %q = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<16x32xf32, #lathe.group_quant<int8, group = 32>> loc("b")
  // CHECK: lathe.dispatch "c" {{.*}} attributes {rule = "matmul"}
  %r = lathe.matmul %x, %c : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("c")
  %s = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32, #lathe.group_quant<int4, group = 32>> loc("d")
  return %p, %q, %r, %s : tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>, tensor<?x16xf32, #t>
}

// Rule 2: gate and up with their swiglu; but not when one of them is read by others too.
// CHECK-LABEL: func.func @swiglu
func.func @swiglu(%x: tensor<?x32xf32, #t>, %a: tensor<16x32xf32>, %b: tensor<16x32xf32>) -> tensor<?x16xf32, #t> {
  // CHECK: lathe.dispatch "mlp.gate_proj+up_proj" {{.*}} -> tensor<?x16xf32, #tokens> attributes {rule = "matmul_shared_input+swiglu"}
  // CHECK: %[[ACT:.*]] = lathe.swiglu
  // CHECK-NEXT: lathe.yield %[[ACT]]
  %g = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("mlp.gate_proj")
  %u = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("mlp.up_proj")
  %s = lathe.swiglu %g, %u : tensor<?x16xf32, #t>
  return %s : tensor<?x16xf32, #t>
}

// CHECK-LABEL: func.func @gate_is_read
func.func @gate_is_read(%x: tensor<?x32xf32, #t>, %a: tensor<16x32xf32>, %b: tensor<16x32xf32>) -> (tensor<?x16xf32, #t>, tensor<?x16xf32, #t>) {
  // CHECK: lathe.dispatch "matmul" {{.*}} -> (tensor<?x16xf32, #tokens>, tensor<?x16xf32, #tokens>) attributes {rule = "matmul_shared_input"}
  // CHECK: lathe.dispatch "swiglu" {{.*}} attributes {rule = "rowwise"}
  %g = lathe.matmul %x, %a : tensor<?x32xf32, #t>, tensor<16x32xf32>
  %u = lathe.matmul %x, %b : tensor<?x32xf32, #t>, tensor<16x32xf32>
  %s = lathe.swiglu %g, %u : tensor<?x16xf32, #t>
  return %s, %g : tensor<?x16xf32, #t>, tensor<?x16xf32, #t>
}

// Rule 3: the residual, on either side; but not one that is computed behind the matmul.
// CHECK-LABEL: func.func @residual
func.func @residual(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>) -> tensor<?x32xf32, #t> {
  // CHECK: %[[FIRST:.*]] = lathe.dispatch "o_proj" {{.*}} attributes {rule = "matmul+residual"}
  // CHECK: lathe.add
  %o = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("o_proj")
  %r = lathe.add %o, %x : tensor<?x32xf32, #t>
  // CHECK: %[[PRODUCT:.*]] = lathe.dispatch "down_proj" (%{{.*}} = %[[FIRST]] : {{.*}} attributes {rule = "matmul"}
  // CHECK: lathe.dispatch "neg.add" (%{{.*}} = %[[FIRST]] : tensor<?x32xf32, #tokens>, %{{.*}} = %[[PRODUCT]] : {{.*}} attributes {rule = "rowwise"}
  %d = lathe.matmul %r, %w : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("down_proj")
  %late = lathe.neg %r : tensor<?x32xf32, #t>
  %s = lathe.add %late, %d : tensor<?x32xf32, #t>
  return %s : tensor<?x32xf32, #t>
}

// Rule 4: the norm of the rows that the matmuls read, next to them though another op stands between; a single matmul keeps its residual.
// CHECK-LABEL: func.func @norm
// CHECK-SAME: (%[[X:[^:]*]]: tensor<?x32xf32, #tokens>,
func.func @norm(%x: tensor<?x32xf32, #t>, %g: tensor<32xbf16>, %a: tensor<32x32xf32>, %b: tensor<16x32xf32>) -> (tensor<?x32xf32, #t>, tensor<?x16xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK-NEXT: %[[SILU:.*]] = lathe.dispatch "silu"
  // CHECK: %[[R:.*]] = lathe.dispatch "o_proj" (%[[I:[^ ]*]] = %[[X]] : {{.*}} attributes {rule = "norm+matmul+residual"}
  // CHECK-NEXT: %[[N:.*]] = lathe.rms_norm %[[I]],
  // CHECK-NEXT: %[[O:.*]] = lathe.matmul %[[N]],
  // CHECK-NEXT: %[[S:.*]] = lathe.add %[[I]], %[[O]]
  // CHECK-NEXT: lathe.yield %[[S]]
  %n = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xbf16>
  %z = lathe.silu %x : tensor<?x32xf32, #t>
  %o = lathe.matmul %n, %a : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("o_proj")
  %r = lathe.add %x, %o : tensor<?x32xf32, #t>
  // CHECK: lathe.dispatch "mlp.gate_proj+up_proj" (%{{.*}} = %[[R]] : {{.*}} attributes {rule = "norm+matmul_shared_input+swiglu"}
  // CHECK-NEXT: lathe.rms_norm
  %m = lathe.rms_norm %r, %g {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xbf16>
  %c = lathe.matmul %m, %b : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("mlp.gate_proj")
  %u = lathe.matmul %m, %b : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("mlp.up_proj")
  %s = lathe.swiglu %c, %u : tensor<?x16xf32, #t>
  return %r, %s, %z : tensor<?x32xf32, #t>, tensor<?x16xf32, #t>, tensor<?x32xf32, #t>
}

// Not where another op reads the normalised rows, or a matmul of another group; not by head, and not of bf16.
// CHECK-LABEL: func.func @norm_is_read
func.func @norm_is_read(%x: tensor<?x32xf32, #t>, %g: tensor<32xf32>, %a: tensor<32x32xf32>, %b: tensor<32x32xbf16>)
    -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK: lathe.dispatch "rms_norm" {{.*}} attributes {rule = "rowwise"}
  // CHECK: lathe.dispatch "a" {{.*}} attributes {rule = "matmul+residual"}
  %n = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
  %o = lathe.matmul %n, %a : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("a")
  %r = lathe.add %n, %o : tensor<?x32xf32, #t>
  // CHECK: lathe.dispatch "rms_norm" {{.*}} attributes {rule = "rowwise"}
  // CHECK: lathe.dispatch "b" {{.*}} attributes {rule = "matmul"}
  // CHECK: lathe.dispatch "c" {{.*}} attributes {rule = "matmul"}
  %m = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
  %p = lathe.matmul %m, %a : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("b")
  %q = lathe.matmul %m, %b : tensor<?x32xf32, #t>, tensor<32x32xbf16> loc("c")
  return %r, %p, %q : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}

// CHECK-LABEL: func.func @norm_of_other_rows
func.func @norm_of_other_rows(%x: tensor<?x2x16xf32, #t>, %h: tensor<?x16xbf16, #t>, %g: tensor<16xf32>, %a: tensor<8x16xf32>)
    -> (tensor<?x2x8xf32, #t>, tensor<?x8xf32, #t>) {
  // CHECK: lathe.dispatch "rms_norm" {{.*}} attributes {rule = "rowwise"}
  // CHECK: lathe.dispatch "a" {{.*}} attributes {rule = "matmul"}
  %n = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x2x16xf32, #t>, tensor<16xf32>
  %o = lathe.matmul %n, %a : tensor<?x2x16xf32, #t>, tensor<8x16xf32> loc("a")
  // CHECK: lathe.dispatch "rms_norm" {{.*}} attributes {rule = "rowwise"}
  // CHECK: lathe.dispatch "b" {{.*}} attributes {rule = "matmul"}
  %m = lathe.rms_norm %h, %g {eps = 1.0e-6 : f64} : tensor<?x16xbf16, #t>, tensor<16xf32>
  %p = lathe.matmul %m, %a : tensor<?x16xf32, #t>, tensor<8x16xf32> loc("b")
  return %o, %p : tensor<?x2x8xf32, #t>, tensor<?x8xf32, #t>
}

// Rule 5: what works on the heads of the products joins them, with the write to the cache; what is read later is a result.
// CHECK-LABEL: func.func @head_steps
func.func @head_steps(%x: tensor<?x32xf32, #t>, %w: tensor<64x32xf32>, %v: tensor<32x32xf32>, %g: tensor<16xf32>, %kv: !layer,
                      %cos: tensor<?x8xf32, #t>, %sin: tensor<?x8xf32, #t>, %positions: tensor<?xi32, #t>,
                      %row_sequence: tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
  // CHECK-NEXT: %[[Q:.*]] = lathe.dispatch "q+k+v" {{.*}} -> tensor<?x4x16xf32, #tokens> attributes {rule = "matmul_shared_input+heads"}
  // CHECK-COUNT-3: lathe.matmul
  // CHECK: lathe.rms_norm
  // CHECK: %[[ROTATED:.*]] = lathe.rope
  // CHECK: lathe.kv_write
  // CHECK-NEXT: lathe.yield %[[ROTATED]]
  %q = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<64x32xf32> loc("q")
  %k = lathe.matmul %x, %v : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("k")
  %qh = lathe.reshape %q : tensor<?x64xf32, #t> -> tensor<?x4x16xf32, #t>
  %qn = lathe.rms_norm %qh, %g {eps = 1.0e-6 : f64} : tensor<?x4x16xf32, #t>, tensor<16xf32>
  %qr = lathe.rope %qn, %cos, %sin : tensor<?x4x16xf32, #t>, tensor<?x8xf32, #t>
  %kh = lathe.reshape %k : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
  %kr = lathe.rope %kh, %cos, %sin : tensor<?x2x16xf32, #t>, tensor<?x8xf32, #t>
  %u = lathe.matmul %x, %v : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("v")
  %uh = lathe.reshape %u : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
  lathe.kv_write %kv, %kr, %uh, %positions, %row_sequence : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
  // CHECK: lathe.dispatch "attention" (%{{.*}} = %[[Q]] :
  %a = lathe.attention %qr, %kv, %positions, %row_sequence {scale = 0.25 : f64} : tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
  return %a : tensor<?x4x16xf32, #t>
}

// Not where another one reads what they pass to each other,
// CHECK-LABEL: func.func @normalised_heads_are_read
func.func @normalised_heads_are_read(%x: tensor<?x32xf32, #t>, %w: tensor<64x32xf32>, %g: tensor<16xf32>, %cos: tensor<?x8xf32, #t>,
                                     %sin: tensor<?x8xf32, #t>) -> (tensor<?x4x16xf32, #t>, tensor<?x4x16xf32, #t>) {
  // CHECK: lathe.dispatch "q" {{.*}} attributes {rule = "matmul"}
  // CHECK: lathe.dispatch "rms_norm.rope" {{.*}} attributes {rule = "rowwise"}
  %q = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<64x32xf32> loc("q")
  %qh = lathe.reshape %q : tensor<?x64xf32, #t> -> tensor<?x4x16xf32, #t>
  %qn = lathe.rms_norm %qh, %g {eps = 1.0e-6 : f64} : tensor<?x4x16xf32, #t>, tensor<16xf32>
  %qr = lathe.rope %qn, %cos, %sin : tensor<?x4x16xf32, #t>, tensor<?x8xf32, #t>
  return %qr, %qn : tensor<?x4x16xf32, #t>, tensor<?x4x16xf32, #t>
}

// where a norm goes over all heads at once, or a product is no heads,
// CHECK-LABEL: func.func @not_heads
func.func @not_heads(%x: tensor<?x32xf32, #t>, %w: tensor<64x32xf32>, %g: tensor<64xf32>, %cos: tensor<?x8xf32, #t>,
                     %sin: tensor<?x8xf32, #t>) -> (tensor<?x4x16xf32, #t>, tensor<?x4x16xf32, #t>, tensor<?x64xf32, #t>) {
  // CHECK: lathe.dispatch "a+b+c" {{.*}} attributes {rule = "matmul_shared_input"}
  // CHECK: lathe.dispatch "rms_norm.rope" {{.*}} attributes {rule = "rowwise"}
  %a = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<64x32xf32> loc("a")
  %an = lathe.rms_norm %a, %g {eps = 1.0e-6 : f64} : tensor<?x64xf32, #t>, tensor<64xf32>
  %ah = lathe.reshape %an : tensor<?x64xf32, #t> -> tensor<?x4x16xf32, #t>
  %ar = lathe.rope %ah, %cos, %sin : tensor<?x4x16xf32, #t>, tensor<?x8xf32, #t>
  %b = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<64x32xf32> loc("b")
  %bh = lathe.reshape %b : tensor<?x64xf32, #t> -> tensor<?x4x16xf32, #t>
  %br = lathe.rope %bh, %cos, %sin : tensor<?x4x16xf32, #t>, tensor<?x8xf32, #t>
  %c = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<64x32xf32> loc("c")
  return %ar, %br, %c : tensor<?x4x16xf32, #t>, tensor<?x4x16xf32, #t>, tensor<?x64xf32, #t>
}

// where something between reads the cache,
// CHECK-LABEL: func.func @cache_is_read_before
func.func @cache_is_read_before(%x: tensor<?x32xf32, #t>, %v: tensor<32x32xf32>, %h: tensor<?x2x16xf32, #t>, %kv: !layer,
                                %positions: tensor<?xi32, #t>, %row_sequence: tensor<?xi32, #t>) -> tensor<?x2x16xf32, #t> {
  // CHECK: lathe.dispatch "k" {{.*}} attributes {rule = "matmul"}
  // CHECK: lathe.dispatch "attention"
  // CHECK: lathe.dispatch "kv_write" {{.*}} attributes {rule = "rowwise"}
  %k = lathe.matmul %x, %v : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("k")
  %kh = lathe.reshape %k : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
  %a = lathe.attention %h, %kv, %positions, %row_sequence {scale = 0.25 : f64} : tensor<?x2x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
  lathe.kv_write %kv, %kh, %kh, %positions, %row_sequence : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
  return %a : tensor<?x2x16xf32, #t>
}

// or where the steps need what is computed behind the matmul.
// CHECK-LABEL: func.func @step_needs_more
func.func @step_needs_more(%x: tensor<?x32xf32, #t>, %v: tensor<32x32xf32>, %h: tensor<?x2x16xf32, #t>) -> tensor<?x2x16xf32, #t> {
  // CHECK: lathe.dispatch "k" {{.*}} attributes {rule = "matmul"}
  // CHECK: lathe.dispatch "neg.mul" {{.*}} attributes {rule = "rowwise"}
  %k = lathe.matmul %x, %v : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("k")
  %kh = lathe.reshape %k : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
  %late = lathe.neg %h : tensor<?x2x16xf32, #t>
  %s = lathe.mul %kh, %late : tensor<?x2x16xf32, #t>
  return %s : tensor<?x2x16xf32, #t>
}

// Rule 6: reshapes join the anchor whose only reader they are.
// CHECK-LABEL: func.func @reshapes
func.func @reshapes(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>, %v: tensor<16x32xf32>, %kv: !layer,
                    %positions: tensor<?xi32, #t>, %row_sequence: tensor<?xi32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x1x16xf32, #t>) {
  // CHECK: lathe.dispatch "q+k" {{.*}} -> (tensor<?x2x16xf32, #tokens>, tensor<?x1x16xf32, #tokens>)
  // CHECK: lathe.reshape
  // CHECK: lathe.reshape
  %q = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<32x32xf32> loc("q")
  %k = lathe.matmul %x, %v : tensor<?x32xf32, #t>, tensor<16x32xf32> loc("k")
  %qh = lathe.reshape %q : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
  %kh = lathe.reshape %k : tensor<?x16xf32, #t> -> tensor<?x1x16xf32, #t>
  // CHECK: lathe.dispatch "attention" {{.*}} -> tensor<?x32xf32, #tokens> attributes {rule = "attention"}
  // CHECK-NEXT: %[[ATTN:.*]] = lathe.attention
  // CHECK-NEXT: %[[MERGED:.*]] = lathe.reshape %[[ATTN]]
  // CHECK-NEXT: lathe.yield %[[MERGED]]
  %a = lathe.attention %qh, %kv, %positions, %row_sequence {scale = 0.25 : f64} : tensor<?x2x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
  %m = lathe.reshape %a : tensor<?x2x16xf32, #t> -> tensor<?x32xf32, #t>
  return %m, %kh : tensor<?x32xf32, #t>, tensor<?x1x16xf32, #t>
}

// Rule 7: row-by-row ops between anchors share one loop while their rows are the same; effects keep their place.
// CHECK-LABEL: func.func @rowwise
func.func @rowwise(%x: tensor<?x2x16xf32, #t>, %g: tensor<16xf32>, %kv: !layer, %inv: tensor<8xf32>, %positions: tensor<?xi32, #t>,
                   %row_sequence: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x2x16xf32, #r> {
  // CHECK: %[[TABLE:.*]]:2 = lathe.dispatch "rope_table" {{.*}} attributes {rule = "rope_table"}
  %cos, %sin = lathe.rope_table %positions, %inv : tensor<?xi32, #t>, tensor<8xf32>
  // CHECK: %[[ROTATED:.*]] = lathe.dispatch "rms_norm.rope.kv_write" {{.*}} -> tensor<?x2x16xf32, #tokens> attributes {rule = "rowwise"}
  // CHECK-NEXT: lathe.rms_norm
  // CHECK-NEXT: lathe.rope
  // CHECK-NEXT: lathe.kv_write
  // CHECK-NEXT: lathe.yield
  %n = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x2x16xf32, #t>, tensor<16xf32>
  %q = lathe.rope %n, %cos, %sin : tensor<?x2x16xf32, #t>, tensor<?x8xf32, #t>
  lathe.kv_write %kv, %q, %x, %positions, %row_sequence : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
  // CHECK: %[[ATTN:.*]] = lathe.dispatch "attention" (%{{.*}} = %[[ROTATED]] :
  %a = lathe.attention %q, %kv, %positions, %row_sequence {scale = 0.25 : f64} : tensor<?x2x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
  // CHECK: %[[NEG:.*]] = lathe.dispatch "neg" (%{{.*}} = %[[ATTN]] :
  // CHECK: lathe.dispatch "gather_rows.silu" (%{{.*}} = %[[NEG]] :
  %b = lathe.neg %a : tensor<?x2x16xf32, #t>
  %last = lathe.gather_rows %b, %rows : tensor<?x2x16xf32, #t>, tensor<?xi32, #r>
  %y = lathe.silu %last : tensor<?x2x16xf32, #r>
  return %y : tensor<?x2x16xf32, #r>
}

// The choice of the largest is a launch of its own, whose rows have one number each.
// CHECK-LABEL: func.func @argmax
func.func @argmax(%x: tensor<?x40xf32, #r>, %limits: tensor<?xi32, #r>) -> (tensor<?x40xf32, #r>, tensor<?xi32, #r>) {
  // CHECK: lathe.dispatch "neg" {{.*}} attributes {rule = "rowwise"}
  // CHECK: lathe.dispatch "argmax" {{.*}} -> tensor<?xi32, #logit_rows> attributes {rule = "argmax"}
  %n = lathe.neg %x : tensor<?x40xf32, #r>
  %ids = lathe.argmax %n, %limits : tensor<?x40xf32, #r>, tensor<?xi32, #r>
  return %n, %ids : tensor<?x40xf32, #r>, tensor<?xi32, #r>
}

// Rule 7: a product leaves the largest of each block of its columns for the choice behind it.
// CHECK-LABEL: func.func @choice_from_a_product
func.func @choice_from_a_product(%x: tensor<?x32xf32, #r>, %w: tensor<40x32xf32>, %limits: tensor<?xi32, #r>) -> (tensor<?x40xf32, #r>, tensor<?xi32, #r>) {
  // CHECK: %[[HEAD:.*]]:2 = lathe.dispatch "lm_head" {{.*}} -> (tensor<?x40xf32, #logit_rows>, tensor<?x3xf32, #logit_rows>) attributes {rule = "matmul+block_max"}
  // CHECK-NEXT: %[[LOGITS:.*]] = lathe.matmul
  // CHECK-NEXT: %[[MAXIMA:.*]] = lathe.block_max %[[LOGITS]] by 16
  // CHECK-NEXT: lathe.yield %[[LOGITS]], %[[MAXIMA]]
  // CHECK: %[[IDS:.*]] = lathe.dispatch "lm_head:argmax_by_blocks" (%{{.*}} = %[[HEAD]]#0 : {{.*}}, %{{.*}} = %[[HEAD]]#1 : {{.*}} attributes {rule = "argmax_by_blocks"}
  // CHECK: return %[[HEAD]]#0, %[[IDS]]
  %logits = lathe.matmul %x, %w : tensor<?x32xf32, #r>, tensor<40x32xf32> loc("lm_head")
  %ids = lathe.argmax %logits, %limits : tensor<?x40xf32, #r>, tensor<?xi32, #r> loc("lm_head")
  return %logits, %ids : tensor<?x40xf32, #r>, tensor<?xi32, #r>
}

// One of several products in a launch leaves none.
// CHECK-LABEL: func.func @choice_from_one_of_two
func.func @choice_from_one_of_two(%x: tensor<?x32xf32, #r>, %w: tensor<40x32xf32>, %limits: tensor<?xi32, #r>) -> (tensor<?x40xf32, #r>, tensor<?xi32, #r>) {
  // CHECK: lathe.dispatch "matmul" {{.*}} attributes {rule = "matmul_shared_input"}
  // CHECK: lathe.dispatch "argmax" {{.*}} attributes {rule = "argmax"}
  %a = lathe.matmul %x, %w : tensor<?x32xf32, #r>, tensor<40x32xf32>
  %b = lathe.matmul %x, %w : tensor<?x32xf32, #r>, tensor<40x32xf32>
  %ids = lathe.argmax %b, %limits : tensor<?x40xf32, #r>, tensor<?xi32, #r>
  return %a, %ids : tensor<?x40xf32, #r>, tensor<?xi32, #r>
}

// Weights stand at the top and in no dispatch; calls and dispatches that are there already part groups.
lathe.param @w : tensor<32xf32>
func.func private @layer(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t>
// CHECK-LABEL: func.func @barriers
func.func @barriers(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  // CHECK-NEXT: %[[W:.*]] = lathe.weight @w
  // CHECK-NEXT: lathe.dispatch "neg"
  %a = lathe.neg %x : tensor<?x32xf32, #t>
  // CHECK: call @layer
  %b = call @layer(%a) : (tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t>
  // CHECK: lathe.dispatch "exp"
  %c = lathe.exp %b : tensor<?x32xf32, #t>
  // CHECK: lathe.dispatch "there"
  %d = lathe.dispatch "there" (%i = %c : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.neg %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "rms_norm" (%{{.*}} = %{{.*}} : tensor<?x32xf32, #tokens>, %{{.*}} = %[[W]] : tensor<32xf32>)
  %w = lathe.weight @w : tensor<32xf32>
  %e = lathe.rms_norm %d, %w {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
  return %e : tensor<?x32xf32, #t>
}

// Gate and up of experts meet in their swiglu; what surrounds them stands alone.
// CHECK-LABEL: func.func @mixture
func.func @mixture(%x: tensor<?x32xf32, #t>, %s: tensor<?x6xf32, #t>, %g: tensor<6x48x32xf32>, %u: tensor<6x48x32xf32>, %d: tensor<6x32x48xf32>) -> tensor<?x32xf32, #t> {
  // CHECK: lathe.dispatch "moe_route" {{.*}} attributes {rule = "moe_route"}
  %e, %w = lathe.moe_route 2 of %s by "softmax" : tensor<?x6xf32, #t>
  // CHECK: lathe.dispatch "moe_dispatch" {{.*}} attributes {rule = "moe_dispatch"}
  %r, %p, %n = lathe.moe_dispatch %e among 6 : tensor<?x2xi32, #t>
  // CHECK: lathe.dispatch "grouped_matmul" {{.*}} attributes {rule = "grouped_matmul+swiglu"}
  %a = lathe.grouped_matmul %x at %r, %n, %g : tensor<?x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xf32>, tensor<?x2xi32, #t>
  %b = lathe.grouped_matmul %x at %r, %n, %u : tensor<?x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xf32>, tensor<?x2xi32, #t>
  %h = lathe.swiglu %a, %b : tensor<?x2x48xf32, #t>
  // CHECK: lathe.dispatch "grouped_matmul" {{.*}} attributes {rule = "grouped_matmul"}
  %y = lathe.grouped_matmul %h, %n, %d : tensor<?x2x48xf32, #t>, tensor<6xi32>, tensor<6x32x48xf32>
  // CHECK: lathe.dispatch "moe_combine" {{.*}} attributes {rule = "moe_combine"}
  %z = lathe.moe_combine %y at %p, %w : tensor<?x2x32xf32, #t>, tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
  return %z : tensor<?x32xf32, #t>
}

// What chooses experts is computed from rows that nobody rounds, so that it shares its launch with no other product.
// CHECK-LABEL: func.func @router
func.func @router(%x: tensor<?x32xf32, #t>, %g: tensor<6x32xf32>, %w: tensor<40x32xf32>) -> (tensor<?x2xi32, #t>, tensor<?x40xf32, #t>) {
  // CHECK: lathe.dispatch "matmul" {{.*}} attributes {exact, rule = "matmul"}
  // CHECK: lathe.dispatch "moe_route" {{.*}} attributes {rule = "moe_route"}
  // CHECK: lathe.dispatch "matmul" {{.*}} attributes {rule = "matmul"}
  %s = lathe.matmul %x, %g : tensor<?x32xf32, #t>, tensor<6x32xf32>
  %e, %p = lathe.moe_route 2 of %s by "softmax" : tensor<?x6xf32, #t>
  %y = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<40x32xf32>
  return %e, %y : tensor<?x2xi32, #t>, tensor<?x40xf32, #t>
}
