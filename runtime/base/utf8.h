// Code points as UTF-8.
#pragma once

#include <string>

namespace lathe {

// Appends the one to four bytes of `code_point`; nothing for a number beyond U+10FFFF.
void AppendUtf8(char32_t code_point, std::string* out);

}  // namespace lathe
