#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "agent/session/link/agent_link.h"
#include "agent/session/notify/desktop.h"
#include "agent/session/wayland/wayland_guard.h"
#include "agent/session/x11/selection_guard.h"

namespace shoumi::session {

struct SessionOptions {
  std::string display;          // as in DISPLAY; empty: there is none
  std::string wayland_display;  // as in WAYLAND_DISPLAY; empty: there is none
  std::string socket_path = "/run/shoumi/session.sock";
  uid_t agent_uid = 0;
  std::string session;   // as the login service names it
  bool wayland = false;  // the display is XWayland's
  DesktopOptions desktop{};
};

// The program of a graphical session: the agent as judge over the guard of its display, and its
// word on the desktop. A Wayland
// compositor that can be guarded carries the selections of its X programs, too: XWayland has a
// guard of its own only where the compositor cannot be guarded, as two would take selections over
// from each other for ever.
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
  absl::Status Guard();
  // Whether the session is Wayland's and its X programs alone can be guarded.
  [[nodiscard]] bool OnlyX() const {
    return !wayland_status_.ok() && (options_.wayland || !options_.wayland_display.empty());
  }
  bool Tell(const v1::NotificationResult& result);
  void OnSettings(const v1::SessionSettings& settings);
  // The guard as the settings have it, and the agent told of it.
  void Apply();

  const SessionOptions options_;
  // Why the compositor cannot be guarded; ok where it can. Set before the link is there.
  absl::Status wayland_status_;
  std::mutex mutex_;  // guards what is below
  bool stopping_ = false;
  v1::ChannelMode mode_ = v1::CHANNEL_MODE_UNSPECIFIED;
  std::unique_ptr<AgentLink> link_;  // outlives the guard, which asks it
  // One of them, or none.
  std::unique_ptr<SelectionGuard> guard_;
  std::unique_ptr<WaylandGuard> wayland_guard_;
};

}  // namespace shoumi::session
