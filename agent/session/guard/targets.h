#pragma once

#include <array>
#include <string_view>

namespace shoumi::session {

// Names of targets that hold plain text in an encoding that every inspector reads, best first.
inline constexpr std::array<std::string_view, 3> kPlainText{
    "UTF8_STRING", "text/plain;charset=utf-8", "text/plain;charset=UTF-8"};

// Targets that hold no content, but ask the owner about or for something (ICCCM 2.6.2, 2.6.3).
bool IsContent(std::string_view target);

// Whether an inspector sees all there is to see in these bytes, so that nothing else of the copy
// need be looked at for it. Legacy encodings and formats of one program's own are not among them.
bool IsReadable(std::string_view target);

// The order of fetching: what is judged and pasted most often comes first. Lower is earlier.
int FetchRank(std::string_view target);

}  // namespace shoumi::session
