#pragma once

#include <filesystem>
#include <string>

namespace shoumi {

// The folder this program lies in.
std::filesystem::path OwnFolder();

// The shipped packs: rules/packs of the source tree this program was built in, else where they are
// installed. Empty when neither is there.
std::string ShippedPacks();

}  // namespace shoumi
