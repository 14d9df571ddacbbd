#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/fd.h"

namespace shoumi::session::testing {

// A session bus of its own (the real dbus-daemon).
class SessionBus {
 public:
  // Null when dbus-daemon is not installed.
  static std::unique_ptr<SessionBus> Start();
  ~SessionBus();
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  pid_t pid_ = -1;
  std::string address_;
};

struct ShownNotification {
  uint32_t replaces = 0;
  std::string summary;
  std::string body;
  std::vector<std::string> actions;
};

// Stands in for the desktop's notification service, on a real bus.
class NotificationService {
 public:
  NotificationService(const std::string& address, std::vector<std::string> capabilities);
  ~NotificationService();
  NotificationService(const NotificationService&) = delete;
  NotificationService& operator=(const NotificationService&) = delete;

  // The n-th that was shown, from 0; waits for it. Numbers are n + 1, or what it replaces.
  ShownNotification Shown(size_t n);
  size_t count();
  void Choose(uint32_t number, const std::string& action);
  void Close(uint32_t number);
  // Answers nothing from now on.
  void Hang() { hang_ = true; }

 private:
  static int OnCapabilities(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnNotify(sd_bus_message* message, void* self, sd_bus_error* error);
  void Run();

  const std::vector<std::string> capabilities_;
  sd_bus* bus_ = nullptr;
  UniqueFd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> hang_{false};
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<ShownNotification> shown_;
  std::vector<std::pair<uint32_t, std::string>> signals_;  // to send; empty: closed
  std::thread thread_;
};

}  // namespace shoumi::session::testing
