#pragma once

#include <string>
#include <utility>
#include <vector>

namespace shoumi::inspect {

// A compound file of these streams (ASCII names, "storage/stream" for those in a storage), without
// a mini stream.
std::string MakeOle2(const std::vector<std::pair<std::string, std::string>>& streams);

// The stream that "insert object from file" writes ("\1Ole10Native").
std::string MakeOleNative(const std::string& label, const std::string& bytes);

}  // namespace shoumi::inspect
