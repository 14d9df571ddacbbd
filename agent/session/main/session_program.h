#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "agent/session/link/agent_link.h"
#include "agent/session/x11/selection_guard.h"

namespace shoumi::session {

struct SessionOptions {
  std::string display;  // as in DISPLAY; empty: there is none
  std::string socket_path = "/run/shoumi/session.sock";
  uid_t agent_uid = 0;
  std::string session;   // as the login service names it
  bool wayland = false;  // the display is XWayland's
};

// The program of a graphical session: the agent as judge over the guard of the display.
class SessionProgram {
 public:
  explicit SessionProgram(SessionOptions options);

  // Until Stop(); Unavailable when there is no display, or no longer, FailedPrecondition or
  // AlreadyExists when it cannot be guarded. The agent is told why. Once.
  absl::Status Run();
  // From any thread, before Run() too.
  void Stop();

 private:
  absl::Status OpenGuard();
  void OnSettings(const v1::SessionSettings& settings);
  // The guard as the settings have it, and the agent told of it.
  void Apply();

  const SessionOptions options_;
  std::mutex mutex_;  // guards what is below
  bool stopping_ = false;
  v1::ChannelMode mode_ = v1::CHANNEL_MODE_UNSPECIFIED;
  std::unique_ptr<AgentLink> link_;  // outlives the guard, which asks it
  std::unique_ptr<SelectionGuard> guard_;
};

}  // namespace shoumi::session
