#pragma once

namespace shoumi {

// True when messages are wanted in Chinese: LC_ALL, LC_MESSAGES, LANG, the first that is set
// (POSIX.1-2017, 8.2).
bool SpeaksChinese();

// `english` or `chinese`, as the user's locale has it. Both have the same placeholders when they
// are formats.
const char* Say(const char* english, const char* chinese);

}  // namespace shoumi
