#include "agent/session/wayland/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

namespace shoumi::session {
namespace {

constexpr uint32_t kWlrVersion = 2;
constexpr uint32_t kExtVersion = 1;
constexpr size_t kSeatsMax = 16;

// ext-data-control-v1 is wlr-data-control under another name: the numbers and arguments of all
// requests and events are the same, and on the wire interfaces are named by the registry alone.
wl_interface ExtManager() {
  wl_interface manager = zwlr_data_control_manager_v1_interface;
  manager.name = "ext_data_control_manager_v1";
  manager.version = kExtVersion;
  return manager;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& name,
                                                             std::chrono::milliseconds wait_max) {
  wl_display* const display = ::wl_display_connect(name.c_str());
  if (display == nullptr) return absl::UnavailableError("there is no Wayland compositor " + name);
  std::unique_ptr<Connection> connection(new Connection(display));
  if (absl::Status status = connection->SetUp(wait_max); !status.ok()) return status;
  return connection;
}

Connection::~Connection() {
  for (const auto& [name, seat] : seats_) ::wl_seat_destroy(seat);
  if (manager_ != nullptr) ::zwlr_data_control_manager_v1_destroy(manager_);
  if (registry_ != nullptr) ::wl_registry_destroy(registry_);
  ::wl_display_flush(display_);
  ::wl_display_disconnect(display_);
}

absl::Status Connection::SetUp(std::chrono::milliseconds wait_max) {
  static constexpr wl_registry_listener kRegistry{
      [](void* self, wl_registry*, uint32_t name, const char* interface, uint32_t version) {
        static_cast<Connection*>(self)->OnGlobal(name, interface, version);
      },
      [](void* self, wl_registry*, uint32_t name) {
        static_cast<Connection*>(self)->OnGlobalGone(name);
      }};
  static constexpr wl_callback_listener kDone{
      [](void* done, wl_callback*, uint32_t) { *static_cast<bool*>(done) = true; }};
  registry_ = ::wl_display_get_registry(display_);
  ::wl_registry_add_listener(registry_, &kRegistry, this);
  bool done = false;
  wl_callback* const callback = ::wl_display_sync(display_);
  ::wl_callback_add_listener(callback, &kDone, &done);
  const auto until = std::chrono::steady_clock::now() + wait_max;
  bool there = true;
  while (!done && there) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    there = left.count() > 0 && Wait({}, static_cast<int>(left.count()));
  }
  ::wl_callback_destroy(callback);
  if (!done) return absl::UnavailableError("the Wayland compositor does not answer");
  if (manager_ == nullptr) {
    return absl::FailedPreconditionError(
        "the Wayland compositor lets nobody guard its clipboard (it has no data-control)");
  }
  return absl::OkStatus();
}

void Connection::OnGlobal(uint32_t name, const char* interface, uint32_t version) {
  static const wl_interface ext = ExtManager();
  const std::string_view what = interface;
  const bool is_ext = what == ext.name;
  if ((is_ext || what == zwlr_data_control_manager_v1_interface.name) && manager_ == nullptr) {
    const uint32_t bound = is_ext ? kExtVersion : std::min(version, kWlrVersion);
    manager_ = static_cast<zwlr_data_control_manager_v1*>(::wl_registry_bind(
        registry_, name, is_ext ? &ext : &zwlr_data_control_manager_v1_interface, bound));
    primary_ = is_ext || bound >= 2;
  } else if (what == wl_seat_interface.name && seats_.size() < kSeatsMax) {
    seats_[name] =
        static_cast<wl_seat*>(::wl_registry_bind(registry_, name, &wl_seat_interface, 1));
  }
}

void Connection::OnGlobalGone(uint32_t name) {
  const auto it = seats_.find(name);
  if (it == seats_.end()) return;
  ::wl_seat_destroy(it->second);
  seats_.erase(it);
}

bool Connection::Wait(std::span<pollfd> others, int wait_ms) {
  if (::wl_display_prepare_read(display_) != 0) return ::wl_display_dispatch_pending(display_) >= 0;
  const bool full = ::wl_display_flush(display_) < 0 && errno == EAGAIN;
  std::vector<pollfd> fds(others.begin(), others.end());
  const int events = POLLIN | (full ? POLLOUT : 0);
  fds.push_back({::wl_display_get_fd(display_), static_cast<int16_t>(events), 0});
  if (::poll(fds.data(), fds.size(), wait_ms) < 0) {
    ::wl_display_cancel_read(display_);
    return errno == EINTR;
  }
  std::copy_n(fds.begin(), others.size(), others.begin());
  if ((fds.back().revents & (POLLIN | POLLHUP | POLLERR)) == 0) {
    ::wl_display_cancel_read(display_);
    return true;
  }
  return ::wl_display_read_events(display_) == 0 && ::wl_display_dispatch_pending(display_) >= 0;
}

}  // namespace shoumi::session
