#pragma once

#include <wayland-client.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "data-control.h"

struct pollfd;

namespace shoumi::session {

// One connection to a Wayland compositor that lets its clients read and set selections. One thread.
class Connection {
 public:
  // `name` as in WAYLAND_DISPLAY. Unavailable when there is no compositor or it does not answer in
  // time; FailedPrecondition when it has no data-control, of either name.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& name,
                                                          std::chrono::milliseconds wait_max);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] wl_display* display() const { return display_; }
  [[nodiscard]] zwlr_data_control_manager_v1* manager() const { return manager_; }
  // Whether primary selections can be read and set.
  [[nodiscard]] bool primary() const { return primary_; }
  // By the registry's names; changes while events are handled.
  [[nodiscard]] const std::map<uint32_t, wl_seat*>& seats() const { return seats_; }

  // Handles events; without any, waits for them, or for one of `others`, `wait_ms` at most (-1: for
  // ever). False when the compositor has gone.
  bool Wait(std::span<pollfd> others, int wait_ms);

 private:
  explicit Connection(wl_display* display) : display_(display) {}
  absl::Status SetUp(std::chrono::milliseconds wait_max);
  void OnGlobal(uint32_t name, const char* interface, uint32_t version);
  void OnGlobalGone(uint32_t name);

  wl_display* const display_;
  wl_registry* registry_ = nullptr;
  zwlr_data_control_manager_v1* manager_ = nullptr;
  bool primary_ = false;
  std::map<uint32_t, wl_seat*> seats_;
};

}  // namespace shoumi::session
