#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/main/config.h"

namespace shoumi::agent {

// The one place that knows concrete channels: those the configuration switches on, in the order in
// which they start.
std::vector<std::pair<std::string, std::unique_ptr<Channel>>> MakeChannels(
    const AgentConfig& config);

// True when a channel is on that takes root.
[[nodiscard]] bool NeedsRoot(const AgentConfig& config);

}  // namespace shoumi::agent
