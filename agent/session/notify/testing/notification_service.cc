#include "agent/session/notify/testing/notification_service.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace shoumi::session::testing {
namespace {

constexpr const char* kName = "org.freedesktop.Notifications";
constexpr const char* kPath = "/org/freedesktop/Notifications";

}  // namespace

std::unique_ptr<SessionBus> SessionBus::Start() {
  constexpr const char* kProgram = "/usr/bin/dbus-daemon";
  if (::access(kProgram, X_OK) != 0) return nullptr;
  int ends[2];
  if (::pipe(ends) != 0) return nullptr;
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  auto bus = std::make_unique<SessionBus>();
  bus->pid_ = ::fork();
  if (bus->pid_ == 0) {
    ::dup2(write_end.get(), 3);
    ::execl(kProgram, kProgram, "--session", "--nofork", "--print-address=3", nullptr);
    ::_exit(127);
  }
  write_end.Reset();
  char byte = 0;
  while (::read(read_end.get(), &byte, 1) == 1 && byte != '\n') bus->address_ += byte;
  return bus;
}

SessionBus::~SessionBus() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int NotificationService::OnCapabilities(sd_bus_message* message, void* self,
                                        sd_bus_error* /*error*/) {
  auto& service = *static_cast<NotificationService*>(self);
  if (service.hang_) return 1;
  sd_bus_message* reply = nullptr;
  sd_bus_message_new_method_return(message, &reply);
  sd_bus_message_open_container(reply, 'a', "s");
  for (const std::string& one : service.capabilities_) {
    sd_bus_message_append(reply, "s", one.c_str());
  }
  sd_bus_message_close_container(reply);
  const int sent = sd_bus_send(nullptr, reply, nullptr);
  sd_bus_message_unref(reply);
  return sent;
}

int NotificationService::OnNotify(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& service = *static_cast<NotificationService*>(self);
  if (service.hang_) return 1;
  ShownNotification shown;
  const char* app = nullptr;
  const char* icon = nullptr;
  const char* summary = nullptr;
  const char* body = nullptr;
  EXPECT_GE(sd_bus_message_read(message, "susss", &app, &shown.replaces, &icon, &summary, &body),
            0);
  shown.summary = summary;
  shown.body = body;
  EXPECT_GE(sd_bus_message_enter_container(message, 'a', "s"), 0);
  const char* action = nullptr;
  while (sd_bus_message_read(message, "s", &action) > 0) shown.actions.emplace_back(action);
  uint32_t number = shown.replaces;
  {
    const std::lock_guard lock(service.mutex_);
    service.shown_.push_back(std::move(shown));
    if (number == 0) number = static_cast<uint32_t>(service.shown_.size());
  }
  service.came_.notify_all();
  return sd_bus_reply_method_return(message, "u", number);
}

NotificationService::NotificationService(const std::string& address,
                                         std::vector<std::string> capabilities)
    : capabilities_(std::move(capabilities)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  static constexpr sd_bus_vtable kTable[] = {
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD("GetCapabilities", "", "as", &NotificationService::OnCapabilities, 0),
      SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", &NotificationService::OnNotify, 0),
      SD_BUS_VTABLE_END};
  EXPECT_GE(sd_bus_new(&bus_), 0);
  EXPECT_GE(sd_bus_set_address(bus_, address.c_str()), 0);
  EXPECT_GE(sd_bus_set_bus_client(bus_, 1), 0);
  EXPECT_GE(sd_bus_start(bus_), 0);
  EXPECT_GE(sd_bus_add_object_vtable(bus_, nullptr, kPath, kName, kTable, this), 0);
  EXPECT_GE(sd_bus_request_name(bus_, kName, 0), 0);
  thread_ = std::thread([this] { Run(); });
}

NotificationService::~NotificationService() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  sd_bus_close_unref(bus_);
}

void NotificationService::Run() {
  while (!stopping_) {
    while (sd_bus_process(bus_, nullptr) > 0) continue;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [number, action] : signals_) {
        if (action.empty()) {
          sd_bus_emit_signal(bus_, kPath, kName, "NotificationClosed", "uu", number, 2U);
        } else {
          sd_bus_emit_signal(bus_, kPath, kName, "ActionInvoked", "us", number, action.c_str());
        }
      }
      signals_.clear();
    }
    sd_bus_flush(bus_);
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {sd_bus_get_fd(bus_), POLLIN, 0}};
    ::poll(fds, 2, 1'000);
    uint64_t count = 0;
    ::eventfd_read(wake_.get(), &count);
  }
}

ShownNotification NotificationService::Shown(size_t n) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(came_.wait_for(lock, std::chrono::seconds(20), [&] { return shown_.size() > n; }));
  return shown_.size() > n ? shown_[n] : ShownNotification();
}

size_t NotificationService::count() {
  const std::lock_guard lock(mutex_);
  return shown_.size();
}

void NotificationService::Choose(uint32_t number, const std::string& action) {
  {
    const std::lock_guard lock(mutex_);
    signals_.emplace_back(number, action);
  }
  ::eventfd_write(wake_.get(), 1);
}

void NotificationService::Close(uint32_t number) {
  Choose(number, "");
}

}  // namespace shoumi::session::testing
