#pragma once

#include <cstddef>
#include <cstdint>

#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::agent {

inline constexpr size_t kIncidentBytesMax = 512 * 1024;

// The record of one decided event. Matches, then the trace, are cut until it fits the bound; what
// was cut is counted in `matches_omitted`.
// Without value_keys.
v1::SpoolRecord BuildIncident(const v1::EventContext& context, const v1::Verdict& verdict,
                              const v1::InspectReport& report, uint64_t policy_version);

v1::SpoolRecord BuildAgentEvent(v1::AgentEvent::Kind kind, const std::string& detail,
                                uint64_t count, const google::protobuf::Timestamp& time);

}  // namespace shoumi::agent
