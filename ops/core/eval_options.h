// How the references compute where more than one way is exact enough.
#pragma once

namespace lathe {

// How products are summed over many terms: f32 as the kernels do, or f64 to judge them.
enum class Accumulate { kF32, kF64 };

}  // namespace lathe
