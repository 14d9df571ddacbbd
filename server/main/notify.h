#pragma once

#include <string_view>

namespace shoumi::server {

// sd_notify(3) without libsystemd: one datagram to $NOTIFY_SOCKET, "READY=1" or "STOPPING=1".
// Does nothing where systemd did not start the process.
void NotifySystemd(std::string_view state);

}  // namespace shoumi::server
