#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace shoumi::agent {

// `text` with every byte that belongs to no UTF-8 character (Unicode 15, 3.9) replaced by U+FFFD.
std::string ValidUtf8(std::string_view text);

// The same for every string field: file names on Linux are bytes, and one record the server cannot
// parse would hold up all behind it.
void MakeUtf8Valid(google::protobuf::Message& message);

}  // namespace shoumi::agent
