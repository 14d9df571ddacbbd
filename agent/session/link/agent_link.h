#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/session/guard/judge.h"
#include "agent/session/link/copied_files.h"
#include "common/bounded_queue.h"
#include "common/fd.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::session {

struct AgentLinkOptions {
  std::string socket_path = "/run/shoumi/session.sock";
  uid_t agent_uid = 0;  // nobody else's answers count
  v1::SessionHello hello;
  std::chrono::milliseconds retry_ms_min{200};  // between attempts to connect; doubles up to …
  std::chrono::milliseconds retry_ms_max{5'000};
  // How long questions wait for an agent that has gone, before the policy's word for that decides,
  // then at once; and how much longer than the policy's time one waits for an answer.
  std::chrono::milliseconds gone_ms_max{3'000};
  std::chrono::milliseconds grace_ms_max{1'000};
  uint32_t questions_max = 256;  // open; more are refused
  uint32_t lists_max = 16;       // of files, waiting to be opened; more are refused
  uint64_t list_bytes_max = 4U << 20;
  FileLimits files;
};

// What the agent says besides answers, each on a thread of the link.
struct AgentLinkHooks {
  // At each change; before the first, nothing is known of the policy.
  std::function<void(const v1::SessionSettings&)> on_settings;
  std::function<void(const v1::Notification&)> on_notification{};
  std::function<void(const v1::ReleaseOutcome&)> on_release{};
};

// The agent as judge: asks it over its socket, part by part, and the files that a list names as
// parts of their own. Connects by itself, again and again. Thread-safe.
class AgentLink final : public Judge {
 public:
  AgentLink(AgentLinkOptions options, AgentLinkHooks hooks);
  // Refuses what is open.
  ~AgentLink() override;
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  void Ask(Question question, Done done) override;
  void Report(std::string what) override;
  // What the agent is told of the guard, now and at each connection.
  void SetState(bool guarding, std::string why);
  // What became of a notification; false when the agent cannot be told now.
  bool SendResult(const v1::NotificationResult& result);
  // Waits until the agent has been told the state, or `wait` is over.
  bool WaitUntilTold(std::chrono::milliseconds wait);
  // Why the agent refused this program, once it did; empty before.
  [[nodiscard]] std::string refusal() const;
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Piece {
    std::string target;
    std::string file_name;
    std::shared_ptr<const StoredBytes> bytes;
    UniqueFd file;
    v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
  };
  struct Open {
    Question question;  // its parts are in `pieces`
    std::vector<Piece> pieces;
    size_t next = 0;  // the one that was asked about
    Done done;
    Time until;
  };
  struct List {
    Question question;
    Done done;
  };

  void Run();
  void OpenLists();
  // Ok when the connection has ended.
  absl::Status Talk();
  absl::StatusOr<UniqueFd> Connect() const;
  absl::Status Handle(const v1::ToSession& message);
  void OnAnswer(const v1::PasteAnswer& answer);
  void Expire(Time now);
  [[nodiscard]] int WaitMs(Time now) const;
  void Enter(Question question, std::vector<Piece> pieces, Done done);
  // Under the lock. False when the agent does not take it.
  bool Send(const v1::FromSession& message, int fd = -1);
  bool SendPiece(uint64_t id, const Open& open);
  void SendState();
  // Blocks until `wait` is over or the link ends.
  void Pause(std::chrono::milliseconds wait);

  const AgentLinkOptions options_;
  const AgentLinkHooks hooks_;
  const UniqueFd wake_;
  BoundedQueue<List> lists_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // guards what is below
  std::condition_variable told_;
  UniqueFd socket_;       // while connected
  bool greeted_ = false;  // settings have come over it
  Time gone_since_;       // while not greeted
  v1::SessionSettings settings_;
  v1::SessionState state_;
  std::string refusal_;
  std::map<uint64_t, Open> open_;
  uint64_t last_id_ = 0;

  std::thread thread_;
  std::thread files_thread_;
};

}  // namespace shoumi::session
