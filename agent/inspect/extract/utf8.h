#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.
namespace shoumi::inspect {

struct Utf8Prefix {
  size_t valid = 0;         // bytes of the longest valid prefix
  bool incomplete = false;  // what follows may be a character cut by the end of the input
  bool ascii = true;        // the valid prefix has no byte above 0x7f
};
Utf8Prefix CheckUtf8(std::string_view bytes);

// Number of bytes at the start of `bytes` that are ASCII.
size_t AsciiPrefix(std::string_view bytes);

// Appends `code`; U+FFFD for what is not a Unicode scalar value.
void AppendUtf8(std::string& out, uint32_t code);

// `bytes` with every invalid sequence replaced by U+FFFD; adds their number to `replaced`.
std::string RepairUtf8(std::string_view bytes, uint64_t* replaced = nullptr);

// The longest prefix of valid UTF-8 `text` of at most `bytes_max` bytes that cuts no character.
std::string_view Utf8Head(std::string_view text, size_t bytes_max);

}  // namespace shoumi::inspect
