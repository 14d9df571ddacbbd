#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "google/protobuf/timestamp.pb.h"

namespace shoumi {

// UUID version 4 (RFC 9562, 5.4), lower case, from the system's random source.
std::string NewUuid();
// 8-4-4-4-12 lower-case hex digits (RFC 9562, 4), of any version.
bool IsUuid(std::string_view text);

google::protobuf::Timestamp ToProtoTime(std::chrono::system_clock::time_point time);
std::chrono::system_clock::time_point FromProtoTime(const google::protobuf::Timestamp& time);

// "2027-03-01T08:15:30Z", seconds precision, UTC.
std::string FormatTime(std::chrono::system_clock::time_point time);
// ISO 8601 date in the workstation's local time, "2027-03-01".
std::string LocalDate(std::chrono::system_clock::time_point time);

}  // namespace shoumi
