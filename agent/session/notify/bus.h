#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/session/notify/notice_text.h"

namespace shoumi::session {

// The notification service of one session's bus. For one thread.
class NotificationBus {
 public:
  // `on_action` is called from Process() with the name of the notification whose button was chosen.
  NotificationBus(std::string address, std::chrono::milliseconds call_ms_max,
                  uint32_t remembered_max, std::function<void(const std::string& name)> on_action)
      : address_(std::move(address)),
        call_ms_max_(call_ms_max),
        remembered_max_(remembered_max),
        on_action_(std::move(on_action)) {}

  // Connects when it is not connected, or no longer. Blocks for the time of a few calls at most.
  absl::Status Connect();
  [[nodiscard]] bool can_act() const { return can_act_; }
  // In the place of `replaces`, when that is still open. Blocks for one call.
  absl::Status Show(const std::string& name, const std::string& replaces, const NoticeText& text);
  // Handles what has come. An error ends the connection.
  void Process();
  // For poll(2); -1 while there is no connection.
  [[nodiscard]] int fd() const;
  [[nodiscard]] short events() const;
  // Until Process() is due without anything having come; -1: not at all.
  [[nodiscard]] int TimeoutMs() const;

 private:
  struct Closer {
    void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  };
  struct Shown {
    std::string name;
    uint32_t number = 0;  // of the service; 0: closed
  };

  absl::Status Open();
  absl::Status AskCapabilities();
  static int OnAction(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnClosed(sd_bus_message* message, void* self, sd_bus_error* error);

  const std::string address_;
  const std::chrono::milliseconds call_ms_max_;
  const uint32_t remembered_max_;
  const std::function<void(const std::string&)> on_action_;
  std::unique_ptr<sd_bus, Closer> bus_;
  bool can_act_ = false;
  bool takes_markup_ = false;
  std::deque<Shown> shown_;  // oldest first
};

}  // namespace shoumi::session
