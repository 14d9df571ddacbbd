#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace shoumi::agent::clipboard {

// A session of a user with a desktop, as the login service knows it.
struct GraphicalSession {
  std::string id;
  uid_t uid = 0;
  bool wayland = false;
  std::string display;  // ":0"; often empty
};

// Of users, greeters and closing ones left out; none where there is no login service. Thread-safe.
std::vector<GraphicalSession> LoginSessions();

}  // namespace shoumi::agent::clipboard
