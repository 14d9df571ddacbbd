#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoumi::inspect {

// RFC 2045, 6.8. Characters that are none of base64 are left out and counted in `invalid`; padding
// in the middle ends a run, what follows is read as another.
std::string DecodeBase64(std::string_view text, uint64_t& invalid);

// RFC 2045, 6.7. What is no escape stays as it is. With `words` also '_' for a space (RFC
// 2047, 4.2).
std::string DecodeQuotedPrintable(std::string_view text, bool words = false);

// "%E5%AE%A2" as in RFC 2231, 4. What is no escape stays as it is.
std::string DecodePercent(std::string_view text);

// `bytes` in the character set that mail names, as UTF-8; nothing when they are not in it.
std::optional<std::string> ConvertDeclared(std::string_view bytes, std::string_view charset);
// The same, or by what the bytes look like.
std::string DecodeDeclared(std::string_view bytes, std::string_view charset);

// ASCII letters only.
std::string Lower(std::string_view text);

}  // namespace shoumi::inspect
