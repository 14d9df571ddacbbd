#pragma once

#include <string>

#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// All of one incident, laid out for who investigates it. Every text in it is escaped; matches are
// shown as the agent masked them.
std::string IncidentText(const v1::GetIncidentResponse& answer, bool colour);

// Colour codes of the words as summaries hold them; null for plain.
const char* ActionColour(std::string_view action);
const char* SeverityColour(std::string_view severity);

}  // namespace shoumi::ctl
