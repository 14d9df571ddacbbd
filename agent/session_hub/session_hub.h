#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/session_hub/connected.h"
#include "agent/session_hub/handlers.h"
#include "agent/session_hub/options.h"
#include "agent/session_hub/session_link.h"
#include "common/fd.h"

namespace shoumi::agent {

// The agent's end of the programs that run in graphical sessions (shoumi-session): who connects,
// what they ask, what they are told. Thread-safe.
class SessionHub {
 public:
  explicit SessionHub(SessionHubOptions options) : options_(std::move(options)) {}
  ~SessionHub() { Stop(); }
  SessionHub(const SessionHub&) = delete;
  SessionHub& operator=(const SessionHub&) = delete;

  // Replaces a socket that is there already. `sink` outlives the hub.
  absl::Status Start(EventSink& sink);
  // Lets the sessions go, which guard nothing until an agent is back.
  void Stop();
  [[nodiscard]] bool listening() const { return thread_.joinable(); }

  [[nodiscard]] SessionHandlers& handlers() { return handlers_; }
  // To all sessions, as `handlers().pastes()` has them now.
  void SendSettings();
  // To all sessions of the user; to how many. Never waits.
  size_t Tell(uid_t uid, const v1::ToSession& message);
  [[nodiscard]] std::vector<ConnectedSession> connected() const;

 private:
  void Run();
  void Accept();
  // Those that have ended.
  void Sweep();
  [[nodiscard]] std::string WhyNot(uid_t uid) const;
  [[nodiscard]] std::vector<std::shared_ptr<SessionLink>> links() const;

  const SessionHubOptions options_;
  SessionHandlers handlers_;
  EventSink* sink_ = nullptr;
  UniqueFd listener_;
  UniqueFd wake_;
  mutable std::mutex mutex_;  // guards what is below
  std::vector<std::shared_ptr<SessionLink>> links_;
  std::thread thread_;
};

}  // namespace shoumi::agent
