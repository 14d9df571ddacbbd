#pragma once

#include <wayland-server-core.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace shoumi::session::testing {

// A compositor that offers nothing, data-control neither. Ends with the object.
class BareCompositor {
 public:
  BareCompositor() {
    ok_ = server_ != nullptr && ::mkdtemp(folder_.data()) != nullptr;
    ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    ok_ = ok_ && ::wl_display_add_socket(server_, "bare") == 0;
    thread_ = std::thread([this] {
      while (!stopping_) {
        ::wl_event_loop_dispatch(::wl_display_get_event_loop(server_), 10);
        ::wl_display_flush_clients(server_);
      }
    });
  }
  ~BareCompositor() {
    stopping_ = true;
    thread_.join();
    ::wl_display_destroy_clients(server_);
    ::wl_display_destroy(server_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  BareCompositor(const BareCompositor&) = delete;
  BareCompositor& operator=(const BareCompositor&) = delete;

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string display() const { return folder_ + "/bare"; }

 private:
  std::string folder_ = "/tmp/shoumi-bare-XXXXXX";
  wl_display* const server_ = ::wl_display_create();
  bool ok_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace shoumi::session::testing
