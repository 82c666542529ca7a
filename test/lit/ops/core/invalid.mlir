// Each constraint of the core ops, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{'lathe.param' op C1: "w" is tensor<4xi32>, expected a static tensor of f32, f16 or bf16 without empty extents}}
lathe.param @w : tensor<4xi32>

// -----

// expected-error @+1 {{C1: "w" is tensor<?xf32}}
lathe.param @w : tensor<?xf32, #lathe.sym<tokens>>

// -----

// expected-error @+1 {{C1: "w" is tensor<4x0xf32>}}
lathe.param @w : tensor<4x0xf32>

// -----

func.func @weight_c1() {
  // expected-error @+1 {{'lathe.weight' op C1: no lathe.param @"w" in the module}}
  %w = lathe.weight @w : tensor<4xf32>
  return
}

// -----

lathe.param @w : tensor<4xbf16>
func.func @weight_c2() {
  // expected-error @+1 {{C2: type 'tensor<4xf32>', but @"w" is declared as 'tensor<4xbf16>'}}
  %w = lathe.weight @w : tensor<4xf32>
  return
}

// -----

func.func @constant_c1() {
  // expected-error @+1 {{'lathe.constant' op C1: "c" is not dense f32 or i32}}
  %c = lathe.constant "c" dense<1.0> : tensor<4xbf16>
  return
}

// -----

func.func @dispatch_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.dispatch' op C1: the region's arguments differ from the operands in number or type}}
  "lathe.dispatch"(%x) <{name = "d"}> ({
    lathe.yield
  }) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @dispatch_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: the region does not end in a lathe.yield of the result types}}
  %y = lathe.dispatch "d" (%a = %x : tensor<4xf32>) -> tensor<5xf32> {
    lathe.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @dispatch_isolated(%x: tensor<4xf32>) {
  // expected-note @+1 {{required by region isolation constraints}}
  %y = lathe.dispatch "d" () -> tensor<4xf32> {
    // expected-error @+1 {{using value defined outside the region}}
    lathe.yield %x : tensor<4xf32>
  }
  return
}

// -----

// expected-error @+1 {{C1: #lathe.sym has 1 names for 2 dynamic extents}}
func.func private @sym_c1(tensor<?x?xf32, #lathe.sym<tokens>>)

// -----

// expected-error @+1 {{C2: the name of an extent is empty}}
func.func private @sym_c2(tensor<?xf32, #lathe.sym<"">>)

// -----

// expected-error @+1 {{C1: kv_heads = 1, head_dim = 4, page = 64, window = -1}}
func.func private @kv_layer_c1(!lathe.kv_layer<kv_heads = 1, head_dim = 4, dtype = f32, page = 64, window = -1>)

// -----

// expected-error @+1 {{C2: dtype is 'i8', expected f32, f16 or bf16}}
func.func private @kv_cache_c2(!lathe.kv_cache<name = "kv", layers = 1, kv_heads = 1, head_dim = 4, dtype = i8, page = 64, window = 0>)

// -----

// expected-error @+1 {{C1: groups of 48, expected 32 or 128}}
lathe.param @group_quant_c1 : tensor<4x64xf32, #lathe.group_quant<int4, group = 48>>

// -----

// expected-error @+1 {{C2: #lathe.group_quant on a tensor of rank 1, expected a static matrix or a stack of them}}
lathe.param @group_quant_c2 : tensor<64xf32, #lathe.group_quant<int4, group = 32>>

// -----

// expected-error @+1 {{C3: #lathe.group_quant on elements of 'bf16', expected f32}}
lathe.param @group_quant_c3 : tensor<4x64xbf16, #lathe.group_quant<int4, group = 32>>

// -----

// expected-error @+1 {{numbers of type 'int3', expected int8 or int4}}
lathe.param @group_quant_numbers : tensor<4x64xf32, #lathe.group_quant<int3, group = 32>>

// -----

func.func @group_quant_is_no_activation(%w: tensor<4x64xf32, #lathe.group_quant<int4, group = 32>>) {
  // expected-error @+1 {{operand #0 must be tensor of f32, f16 or bf16, every dynamic extent named}}
  %0 = lathe.silu %w : tensor<4x64xf32, #lathe.group_quant<int4, group = 32>>
  return
}
