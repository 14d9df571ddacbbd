#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/channels/clipboard/graphical_sessions.h"
#include "shoumi/v1/event.pb.h"

namespace shoumi::agent::clipboard {

struct ClipboardOptions {
  std::string socket_path = "/run/shoumi/session.sock";  // every user may connect
  // The only program that may speak for a session; empty: any may.
  std::string session_program;
  // Seams: what a process is (null: by the policy's catalogue of apps), and which graphical
  // sessions there are. Called from several threads.
  std::function<v1::Program(pid_t)> program_of;
  std::function<std::vector<GraphicalSession>()> sessions = LoginSessions;

  uint32_t connections_max = 64;
  uint32_t connections_per_user_max = 8;
  uint32_t questions_max = 256;  // of one connection, unanswered; more are refused
  std::chrono::milliseconds hello_ms_max{5'000};
  uint32_t warnings_max = 1024;  // remembered; the oldest go first
  // Requests within it after a warning are still the paste that was warned of.
  std::chrono::milliseconds warning_ms_min{1'000};
};

}  // namespace shoumi::agent::clipboard
