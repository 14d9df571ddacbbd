#include "agent/session/notify/bus.h"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "common/fd.h"

namespace shoumi::session {
namespace {

constexpr const char* kService = "org.freedesktop.Notifications";
constexpr const char* kPath = "/org/freedesktop/Notifications";
constexpr const char* kAction = "request";
constexpr int32_t kServersOwnTime = -1;  // how long it is shown

struct MessageUnref {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageUnref>;

class Error {
 public:
  Error() = default;
  ~Error() { sd_bus_error_free(&error_); }
  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;
  sd_bus_error* get() { return &error_; }
  // The sentence of the service's is not passed on: it may hold what was to be shown.
  [[nodiscard]] absl::Status ToStatus(int result, std::string_view what) const {
    if (error_.name == nullptr) return ErrnoStatus(-result, std::string(what));
    return absl::UnavailableError(std::string(what) + ": " + error_.name);
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

}  // namespace

absl::Status NotificationBus::Connect() {
  if (bus_ && sd_bus_is_open(bus_.get()) > 0) return absl::OkStatus();
  bus_.reset();
  shown_.clear();
  auto status = Open();
  if (status.ok()) status = AskCapabilities();
  if (!status.ok()) bus_.reset();
  return status;
}

absl::Status NotificationBus::Open() {
  sd_bus* bus = nullptr;
  int result = 0;
  if (address_.empty()) {
    result = sd_bus_open_user(&bus);
    bus_.reset(bus);
  } else {
    result = sd_bus_new(&bus);
    if (result < 0) return ErrnoStatus(-result, "session bus");
    bus_.reset(bus);
    result = sd_bus_set_address(bus, address_.c_str());
    if (result >= 0) result = sd_bus_set_bus_client(bus, 1);
    if (result >= 0) result = sd_bus_start(bus);
  }
  if (result < 0) return ErrnoStatus(-result, "session bus");
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(call_ms_max_).count();
  result = sd_bus_set_method_call_timeout(bus, static_cast<uint64_t>(time));
  if (result >= 0) {
    result = sd_bus_match_signal_async(bus, nullptr, kService, kPath, kService, "ActionInvoked",
                                       &OnAction, nullptr, this);
  }
  if (result >= 0) {
    result = sd_bus_match_signal_async(bus, nullptr, kService, kPath, kService,
                                       "NotificationClosed", &OnClosed, nullptr, this);
  }
  return result < 0 ? ErrnoStatus(-result, "session bus") : absl::OkStatus();
}

absl::Status NotificationBus::AskCapabilities() {
  Error error;
  sd_bus_message* raw = nullptr;
  const int called = sd_bus_call_method(bus_.get(), kService, kPath, kService, "GetCapabilities",
                                        error.get(), &raw, "");
  const Message reply(raw);
  if (called < 0) return error.ToStatus(called, "notification service");
  can_act_ = false;
  takes_markup_ = false;
  if (sd_bus_message_enter_container(raw, 'a', "s") < 0) {
    return absl::UnavailableError("notification service: not understood");
  }
  const char* capability = nullptr;
  while (sd_bus_message_read(raw, "s", &capability) > 0) {
    if (std::string_view(capability) == "actions") can_act_ = true;
    if (std::string_view(capability) == "body-markup") takes_markup_ = true;
  }
  return absl::OkStatus();
}

absl::Status NotificationBus::Show(const std::string& name, const std::string& replaces,
                                   const NoticeText& text) {
  const auto before = std::ranges::find_if(
      shown_, [&](const Shown& one) { return !replaces.empty() && one.name == replaces; });
  const uint32_t place = before == shown_.end() ? 0 : before->number;
  const std::string body = takes_markup_ ? Escaped(text.body) : text.body;
  const bool acts = can_act_ && !text.action.empty();
  sd_bus_message* raw = nullptr;
  int result =
      sd_bus_message_new_method_call(bus_.get(), &raw, kService, kPath, kService, "Notify");
  const Message call(raw);
  if (result >= 0) {
    result = sd_bus_message_append(raw, "susss", "Shoumi", place, "", text.summary.c_str(),
                                   body.c_str());
  }
  if (result >= 0) {
    result = acts ? sd_bus_message_append(raw, "as", 2, kAction, text.action.c_str())
                  : sd_bus_message_append(raw, "as", 0);
  }
  if (result >= 0) {
    result = sd_bus_message_append(raw, "a{sv}i", 1, "desktop-entry", "s", "shoumi-session",
                                   kServersOwnTime);
  }
  if (result < 0) return ErrnoStatus(-result, "notification");
  Error error;
  sd_bus_message* raw_reply = nullptr;
  result = sd_bus_call(bus_.get(), raw, 0, error.get(), &raw_reply);
  const Message reply(raw_reply);
  if (result < 0) return error.ToStatus(result, "notification service");
  uint32_t number = 0;
  if (sd_bus_message_read(raw_reply, "u", &number) < 0) {
    return absl::UnavailableError("notification service: not understood");
  }
  std::erase_if(shown_, [&](const Shown& one) { return one.number == number; });
  shown_.push_back({name, number});
  if (shown_.size() > remembered_max_) shown_.pop_front();
  return absl::OkStatus();
}

int NotificationBus::OnAction(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& bus = *static_cast<NotificationBus*>(self);
  uint32_t number = 0;
  const char* action = nullptr;
  if (sd_bus_message_read(message, "us", &number, &action) < 0) return 0;
  if (std::string_view(action) != kAction) return 0;
  const auto found =
      std::ranges::find_if(bus.shown_, [&](const Shown& one) { return one.number == number; });
  if (found != bus.shown_.end()) bus.on_action_(found->name);
  return 0;
}

int NotificationBus::OnClosed(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& bus = *static_cast<NotificationBus*>(self);
  uint32_t number = 0;
  if (sd_bus_message_read(message, "u", &number) < 0) return 0;
  std::erase_if(bus.shown_, [&](const Shown& one) { return one.number == number; });
  return 0;
}

void NotificationBus::Process() {
  if (!bus_) return;
  int result = 0;
  do {
    result = sd_bus_process(bus_.get(), nullptr);
  } while (result > 0);
  if (result < 0) {
    bus_.reset();
    shown_.clear();
  }
}

int NotificationBus::fd() const {
  return bus_ ? sd_bus_get_fd(bus_.get()) : -1;
}

short NotificationBus::events() const {
  const int events = bus_ ? sd_bus_get_events(bus_.get()) : 0;
  return static_cast<short>(events < 0 ? POLLIN : events);
}

int NotificationBus::TimeoutMs() const {
  uint64_t until_us = UINT64_MAX;
  if (!bus_ || sd_bus_get_timeout(bus_.get(), &until_us) <= 0 || until_us == UINT64_MAX) return -1;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t now_us =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
  if (until_us <= now_us) return 0;
  return static_cast<int>(std::min<uint64_t>((until_us - now_us) / 1'000 + 1, 60'000));
}

}  // namespace shoumi::session
