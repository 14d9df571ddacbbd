#pragma once

#include <time.h>

#include <atomic>
#include <functional>
#include <string>

#include "common/fd.h"

namespace shoumi::agent::usb {

// A stretch of time by the clock that file systems use.
struct Period {
  timespec from{};
  timespec to{};
};

// Walks the file system below `root`, calling `found` with the path of each file and folder that
// changed within the period, and with its content where it is a file. Looks at no more than
// `entries_max` entries; false when there are more, or when `stop` was set.
bool FindChanges(int root, const Period& period, size_t entries_max, const std::atomic<bool>& stop,
                 const std::function<void(const std::string& path, UniqueFd content)>& found);

}  // namespace shoumi::agent::usb
