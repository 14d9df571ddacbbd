#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace shoumi::agent::usb {

struct OpenFile {
  pid_t pid = 0;
  std::string executable;
};

// Programs other than this one that have a file open for writing of which `matches` holds; each
// once. Reads /proc; what ends meanwhile is left out.
std::vector<OpenFile> OpenForWriting(const std::function<bool(const struct stat&)>& matches);

}  // namespace shoumi::agent::usb
