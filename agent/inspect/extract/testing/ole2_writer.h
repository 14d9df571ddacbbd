#pragma once

#include <string>
#include <utility>
#include <vector>

namespace shoumi::inspect {

// A compound file of these streams (ASCII names), each padded to 4,096 bytes at least so that none
// goes to the mini stream.
std::string MakeOle2(const std::vector<std::pair<std::string, std::string>>& streams);

// The stream that "insert object from file" writes ("\1Ole10Native").
std::string MakeOleNative(const std::string& label, const std::string& bytes);

}  // namespace shoumi::inspect
