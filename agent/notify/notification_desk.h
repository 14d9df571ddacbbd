#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/local.pb.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::agent {

struct NotificationOptions {
  // What is stopped again by the same rule, of the same user and program, within it of the last
  // time is told of in the place of the first.
  std::chrono::milliseconds fold_ms{30'000};
  std::chrono::milliseconds update_ms_min{1'000};  // between two in one place
  uint32_t kinds_max = 256;                        // told apart at a time; the oldest go first
  // What release can be asked for by its notification; the oldest are forgotten first.
  uint32_t remembered_max = 64;
  uint64_t remembered_bytes_max = 4U << 20;
  uint32_t requests_max = 8;  // that wait; more are refused
};

// What notifications need of the agent. Thread-safe.
struct NotificationSeams {
  // To all sessions of the user; to how many. Never waits.
  std::function<size_t(uid_t uid, const v1::ToSession& message)> tell;
  // Blocks for a bounded time.
  std::function<v1::ReleaseAnswer(uid_t uid, v1::ReleaseRequest request)> request;
};

// Tells users on their desktops what was stopped and by which rule, one notification for many of a
// kind, and takes what they answer: that they ask for its release. Thread-safe.
class NotificationDesk {
 public:
  // `clock` outlives it.
  NotificationDesk(NotificationOptions options, NotificationSeams seams, Clock& clock);
  // Requests that wait are dropped.
  ~NotificationDesk();
  NotificationDesk(const NotificationDesk&) = delete;
  NotificationDesk& operator=(const NotificationDesk&) = delete;

  void ApplyPolicy(const v1::Policy& policy);
  // Never waits.
  void OnStopped(const v1::Incident& incident);
  // Likewise. InvalidArgument for what no honest session says.
  absl::Status OnResult(uid_t uid, const v1::NotificationResult& result);

  // Since the start: name and count.
  [[nodiscard]] std::map<std::string, uint64_t> Counters() const;

 private:
  struct Kind {
    v1::Notification latest;
    uid_t uid = 0;
    std::string shown;  // id of what was sent last
    Clock::Steady sent{};
    Clock::Steady seen{};
    bool waits = false;  // `latest` is not sent yet
  };
  struct Remembered {
    uid_t uid = 0;
    v1::ReleaseRequest request;  // without who asks, to whom and why
    bool asked = false;
  };
  struct Asked {
    uid_t uid = 0;
    v1::ReleaseRequest request;
  };

  void Run();
  // Under the lock.
  void Send(Kind& kind, Clock::Steady now);
  void Remember(const v1::Incident& incident);
  [[nodiscard]] v1::Notification NotificationOf(const v1::Incident& incident) const;
  absl::Status TakeRequest(uid_t uid, const v1::NotificationResult& result);
  void TellOutcome(uid_t uid, const std::string& id, const v1::ReleaseAnswer& answer);
  void MakeRoom();
  void AskableAgain(const std::string& incident_id);

  const NotificationOptions options_;
  const NotificationSeams seams_;
  Clock& clock_;
  std::atomic<uint64_t> shown_{0};
  std::atomic<uint64_t> not_shown_{0};  // no notification service, or it refused
  std::atomic<uint64_t> unseen_{0};     // the user has no session that could be told
  std::atomic<uint64_t> folded_{0};
  std::atomic<uint64_t> requested_{0};

  mutable std::mutex mutex_;  // guards what is below
  std::condition_variable work_;
  bool stopping_ = false;
  std::map<std::string, std::pair<std::string, std::string>> app_titles_;  // zh, en
  uint32_t warn_s_ = 0;
  std::map<std::string, Kind> kinds_;
  std::deque<Remembered> remembered_;  // oldest first
  uint64_t remembered_bytes_ = 0;
  std::deque<Asked> asked_;
  std::thread thread_;
};

}  // namespace shoumi::agent
