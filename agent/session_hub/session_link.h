#pragma once

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/session_hub/connected.h"
#include "agent/session_hub/handlers.h"
#include "agent/session_hub/options.h"
#include "common/fd.h"

namespace shoumi::agent {

// One connection of a session program, on a thread of its own. Whatever it sends that the protocol
// does not know ends it, and is reported. Thread-safe.
class SessionLink : public std::enable_shared_from_this<SessionLink> {
 public:
  // `options`, `handlers` and `sink` outlive it.
  SessionLink(UniqueFd socket, ucred peer, const SessionHubOptions& options,
              const SessionHandlers& handlers, EventSink& sink)
      : socket_(std::move(socket)),
        peer_(peer),
        options_(options),
        handlers_(handlers),
        sink_(sink) {}

  void Start();
  // Ends the connection and joins its thread; answers that come later go nowhere.
  void Stop();
  void SendSettings();
  // Nothing is guarded: by policy, or as the agent stops in order.
  void SendFarewell();
  // Says why, and takes no more.
  void Refuse(const std::string& why);
  // False before the greeting is through, and when the connection has ended.
  bool Tell(const v1::ToSession& message);

  [[nodiscard]] uid_t uid() const { return peer_.uid; }
  [[nodiscard]] bool ended() const { return ended_; }
  // Empty before the greeting is through.
  [[nodiscard]] std::vector<ConnectedSession> state() const;

 private:
  void Run();
  // Why the peer is not who may speak here; empty when it is.
  std::string Greet(const v1::SessionHello& hello);
  absl::Status Receive(v1::FromSession& message, std::vector<UniqueFd>& fds, bool first);
  absl::Status Handle(const v1::FromSession& message, std::vector<UniqueFd> fds);
  absl::Status HandleQuestion(const v1::PasteQuestion& question, std::vector<UniqueFd> fds);
  void HandleState(const v1::SessionState& state);
  absl::Status HandleResult(const v1::NotificationResult& result);
  bool Send(const v1::ToSession& message);
  [[nodiscard]] std::string Name() const;

  const UniqueFd socket_;
  const ucred peer_;
  const SessionHubOptions& options_;
  const SessionHandlers& handlers_;
  EventSink& sink_;
  std::mutex sending_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> unanswered_{0};
  mutable std::mutex mutex_;
  std::vector<ConnectedSession> state_;  // one, or none yet
  uint32_t notices_ = 0;                 // of the link's thread

  std::thread thread_;
};

}  // namespace shoumi::agent
