// Whether the tests run under AddressSanitizer, which takes terabytes of addresses and ends the
// process itself where memory cannot be had: limits of addresses cannot be tried there.
#pragma once

namespace lathe::testing {

#if __has_feature(address_sanitizer)
inline constexpr bool kHasAddressSanitizer = true;
#else
inline constexpr bool kHasAddressSanitizer = false;
#endif

}  // namespace lathe::testing
