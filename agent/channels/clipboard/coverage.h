#pragma once

#include <vector>

#include "agent/channels/clipboard/graphical_sessions.h"
#include "agent/session_hub/connected.h"
#include "shoumi/v1/state.pb.h"

namespace shoumi::agent::clipboard {

// What is guarded, held against the graphical sessions that there are. Pure.
v1::ChannelState CoverageOf(v1::ChannelMode mode, const std::vector<GraphicalSession>& sessions,
                            const std::vector<ConnectedSession>& connected);

}  // namespace shoumi::agent::clipboard
