#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "agent/channels/clipboard/graphical_sessions.h"
#include "shoumi/v1/event.pb.h"

namespace shoumi::agent::clipboard {

struct ClipboardOptions {
  // Seams: what a process is (null: by the policy's catalogue of apps), and which graphical
  // sessions there are. Called from several threads.
  std::function<v1::Program(pid_t)> program_of;
  std::function<std::vector<GraphicalSession>()> sessions = LoginSessions;

  uint32_t warnings_max = 1024;  // remembered; the oldest go first
  // Requests within it after a warning are still the paste that was warned of.
  std::chrono::milliseconds warning_ms_min{1'000};
};

}  // namespace shoumi::agent::clipboard
