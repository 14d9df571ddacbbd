#pragma once

#include <string>

namespace shoumi::cli {

// shoumi-inspect: beside this program, else where it is installed.
std::string InspectProgram();

}  // namespace shoumi::cli
