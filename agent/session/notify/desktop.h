#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

#include "agent/session/notify/release_form.h"
#include "common/fd.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::session {

class NotificationBus;

struct DesktopOptions {
  std::string bus;  // address of the session's bus (D-Bus); empty: as the environment has it
  uint32_t waiting_max = 16;                      // to be shown; more are counted as not shown
  uint32_t remembered_max = 64;                   // that can be replaced or answered
  std::chrono::milliseconds call_ms_max{15'000};  // of one call on the bus
  bool chinese = false;
  FormOptions form;
};

// Shows what the agent has to say by the desktop's notification service
// (org.freedesktop.Notifications, Desktop Notifications Specification 1.2) and lets the user ask
// for release. Nothing is connected before there is something to show. Thread-safe.
class Desktop {
 public:
  // What became of each notification, on a thread of the desktop; false when nobody could be told.
  using Tell = std::function<bool(const v1::NotificationResult& result)>;

  Desktop(DesktopOptions options, Tell tell);
  // Closes an open form.
  ~Desktop();
  Desktop(const Desktop&) = delete;
  Desktop& operator=(const Desktop&) = delete;

  // Neither waits.
  void Show(v1::Notification notification);
  void Show(v1::ReleaseOutcome outcome);

 private:
  using Item = std::variant<v1::Notification, v1::ReleaseOutcome, std::string>;

  void Enter(Item item);
  void Run();
  void ShowOne(NotificationBus& bus, const Item& item);
  void ShowNotification(NotificationBus& bus, const v1::Notification& notification);
  // The user has chosen to ask for release of this one.
  void OnWanted(const std::string& id);
  void FillIn(const std::string& id);
  void Result(const std::string& id, v1::NotificationResult::Outcome outcome, std::string why);

  const DesktopOptions options_;
  const Tell tell_;
  const UniqueFd wake_;
  const UniqueFd stop_;  // readable once the desktop ends
  std::mutex mutex_;     // guards what is below
  std::deque<Item> waiting_;
  bool form_open_ = false;
  std::thread form_thread_;  // of the desktop's thread
  std::thread thread_;
};

}  // namespace shoumi::session
