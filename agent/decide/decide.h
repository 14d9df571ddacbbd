#pragma once

#include <chrono>
#include <cstdint>

#include "agent/decide/history.h"
#include "shoumi/v1/event.pb.h"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"
#include "shoumi/v1/verdict.pb.h"

// Findings + context + policy → verdict. Pure, total and thread-safe: any proto gives a verdict
// with a specified action, and what the policy leaves open is decided for blocking. The result
// explains itself in `trace`; its texts hold detector ids, counts and names of the policy, never
// content.
namespace shoumi::agent {

// Time of day where the workstation stands.
struct LocalTime {
  uint32_t weekday = 1;  // ISO 8601: 1 Monday .. 7 Sunday
  uint32_t minute = 0;   // of the day, 0..1439
};
LocalTime LocalTimeOf(std::chrono::system_clock::time_point time);

// First the rules, in order; the first that holds decides, else the policy's default. Then every
// unscanned reason of the report raises the action to at least its fallback: the strictest counts,
// and a rule that is as strict keeps the verdict. `enforced` is set. `history` is that of the
// context's user.
v1::Verdict Decide(const v1::Policy& policy, const v1::EventContext& context,
                   const v1::InspectReport& report, LocalTime now,
                   const History& history = History::None());

// True for the actions that stop an event.
[[nodiscard]] bool Stops(v1::Action action);

// Ascending from allow; what is not specified counts as block.
[[nodiscard]] int Strictness(v1::Action action);

}  // namespace shoumi::agent
