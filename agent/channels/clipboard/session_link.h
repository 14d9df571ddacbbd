#pragma once

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/clipboard/coverage.h"
#include "agent/channels/clipboard/options.h"
#include "agent/channels/clipboard/paste_judge.h"
#include "common/fd.h"

namespace shoumi::agent::clipboard {

// One connection of a session program, on a thread of its own. Whatever it sends that the protocol
// does not know ends it, and is reported. Thread-safe.
class SessionLink : public std::enable_shared_from_this<SessionLink> {
 public:
  SessionLink(UniqueFd socket, ucred peer, const ClipboardOptions& options,
              std::shared_ptr<PasteJudge> judge, EventSink& sink)
      : socket_(std::move(socket)),
        peer_(peer),
        options_(options),
        judge_(std::move(judge)),
        sink_(sink) {}

  void Start();
  // Ends the connection and joins its thread; answers that come later go nowhere.
  void Stop();
  void SendSettings();
  // The agent stops in order: nothing is guarded until it is back.
  void SendFarewell();
  // Says why, and takes no more.
  void Refuse(const std::string& why);

  [[nodiscard]] uid_t uid() const { return peer_.uid; }
  [[nodiscard]] bool ended() const { return ended_; }
  // Empty before the greeting is through.
  [[nodiscard]] std::vector<Connected> state() const;

 private:
  void Run();
  // Why the peer is not who may speak here; empty when it is.
  std::string Greet(const v1::SessionHello& hello);
  absl::Status Receive(v1::FromSession& message, std::vector<UniqueFd>& fds, bool first);
  absl::Status Handle(const v1::FromSession& message, std::vector<UniqueFd> fds);
  absl::Status HandleQuestion(const v1::PasteQuestion& question, std::vector<UniqueFd> fds);
  void HandleState(const v1::SessionState& state);
  void Send(const v1::ToSession& message);
  [[nodiscard]] std::string Name() const;

  const UniqueFd socket_;
  const ucred peer_;
  const ClipboardOptions& options_;
  const std::shared_ptr<PasteJudge> judge_;
  EventSink& sink_;
  std::mutex sending_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> unanswered_{0};
  mutable std::mutex mutex_;
  std::vector<Connected> state_;  // one, or none yet
  uint32_t notices_ = 0;
  std::thread thread_;
};

}  // namespace shoumi::agent::clipboard
