#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace shoumi::agent {

struct SessionHubOptions {
  std::string socket_path = "/run/shoumi/session.sock";  // every user may connect
  // The only program that may speak for a session; empty: any may.
  std::string session_program;

  uint32_t connections_max = 64;
  uint32_t connections_per_user_max = 8;
  uint32_t questions_max = 256;  // of one connection, unanswered; more are refused
  std::chrono::milliseconds hello_ms_max{5'000};
};

}  // namespace shoumi::agent
