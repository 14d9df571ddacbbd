#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/main/config.h"
#include "agent/session_hub/session_hub.h"

namespace shoumi::agent {

// The one place that knows concrete channels: those the configuration switches on, in the order in
// which they start.
// `sessions` outlives them.
std::vector<std::pair<std::string, std::unique_ptr<Channel>>> MakeChannels(
    const AgentConfig& config, SessionHub& sessions);

// True when a channel is on that takes root.
[[nodiscard]] bool NeedsRoot(const AgentConfig& config);

}  // namespace shoumi::agent
