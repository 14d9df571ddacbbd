#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "google/protobuf/timestamp.pb.h"

namespace shoumi {

// Text that is safe to print on a terminal: control characters, what turns the direction of text,
// and what is not UTF-8, escaped.
std::string Printable(std::string_view text);

bool IsUtf8(std::string_view text);

// Cells that printable text takes on a terminal; two for a Chinese character.
size_t DisplayWidth(std::string_view text);

// "2027-03-01 16:15", in the local time of who reads it.
std::string LocalTime(const google::protobuf::Timestamp& time);

inline constexpr const char* kRed = "31;1";
inline constexpr const char* kYellow = "33";
inline constexpr const char* kGreen = "32";
inline constexpr const char* kBold = "1";
inline constexpr const char* kDim = "2";

// Standard output is a terminal, and NO_COLOR (https://no-color.org) is not set to anything.
bool WantsColour();
std::string Paint(bool colour, const char* code, std::string_view text);

}  // namespace shoumi
