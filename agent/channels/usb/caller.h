#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "agent/channels/usb/node.h"

namespace shoumi::agent::usb {

// Names for the numbers in a request. User and groups are looked up at most once a minute each;
// the program is read from /proc and is left empty when it has ended. Thread-safe.
class CallerNames {
 public:
  [[nodiscard]] Caller Resolve(uid_t uid, gid_t gid, pid_t pid);

 private:
  struct Known {
    v1::User user;
    std::chrono::steady_clock::time_point until;
  };
  static constexpr size_t kUsersMax = 1024;

  std::mutex mutex_;
  std::map<uid_t, Known> users_;
};

v1::Program ProgramOf(pid_t pid);

}  // namespace shoumi::agent::usb
