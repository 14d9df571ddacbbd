#pragma once

#include <string>
#include <vector>

#include "agent/channels/clipboard/graphical_sessions.h"
#include "shoumi/v1/session.pb.h"
#include "shoumi/v1/state.pb.h"

namespace shoumi::agent::clipboard {

// A session program that is connected.
struct Connected {
  uid_t uid = 0;
  std::string session;
  std::string display;
  v1::DisplayKind kind = v1::DISPLAY_KIND_UNSPECIFIED;
  bool guarding = false;
  std::string why;  // when it is not; of XWayland, why its compositor is not
};

// What is guarded, held against the graphical sessions that there are. Pure.
v1::ChannelState CoverageOf(v1::ChannelMode mode, const std::vector<GraphicalSession>& sessions,
                            const std::vector<Connected>& connected);

}  // namespace shoumi::agent::clipboard
