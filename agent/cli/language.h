#pragma once

#include <string>
#include <string_view>

namespace shoumi::cli {

// True when messages are wanted in Chinese: LC_ALL, LC_MESSAGES, LANG, the first that is set
// (POSIX.1-2017, 8.2).
bool SpeaksChinese();

// `english` or `chinese`, as the user's locale has it. Both have the same placeholders when they
// are formats.
const char* Say(const char* english, const char* chinese);

// Text that is safe to print on a terminal: control characters, and what is not UTF-8, escaped.
std::string Printable(std::string_view text);

}  // namespace shoumi::cli
