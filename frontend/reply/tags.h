// The tags of all reply forms. Each begins with '<' and has no other, and none begins another:
// TagMatcher relies on both.
#pragma once

namespace lathe {

inline constexpr char kThinkOpen[] = "<think>";
inline constexpr char kThinkClose[] = "</think>";
inline constexpr char kCallOpen[] = "<tool_call>";
inline constexpr char kCallClose[] = "</tool_call>";
inline constexpr char kFunctionOpen[] = "<function=";
inline constexpr char kFunctionClose[] = "</function>";
inline constexpr char kParameterOpen[] = "<parameter=";
inline constexpr char kParameterClose[] = "</parameter>";

}  // namespace lathe
