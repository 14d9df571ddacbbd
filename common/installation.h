#pragma once

#include <string>

namespace shoumi {

// shoumi-inspect: beside this program, else where it is installed.
std::string InspectProgram();

// shoumi-session, likewise.
std::string SessionProgram();

// shoumi: beside this program, else /usr/bin/shoumi.
std::string CommandLineProgram();

// The shipped packs: rules/packs of the source tree this program was built in, else where they are
// installed. Empty when neither is there.
std::string ShippedPacks();

// The shipped catalogue of apps, likewise: rules/apps.
std::string ShippedApps();

}  // namespace shoumi
