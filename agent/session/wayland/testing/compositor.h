#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace shoumi::session::testing {

// sway without a screen, as a user of its own where the tests run as root. Sets XDG_RUNTIME_DIR and
// WAYLAND_DISPLAY for the programs that a test starts. Ends with the object.
class Compositor {
 public:
  // Null when sway is not installed, or does not come up.
  static std::unique_ptr<Compositor> Start();
  ~Compositor();
  Compositor(const Compositor&) = delete;
  Compositor& operator=(const Compositor&) = delete;

  // As WAYLAND_DISPLAY may have it: the path of the socket.
  [[nodiscard]] const std::string& display() const { return display_; }
  // Of XWayland, which starts with its first client; empty when there is none.
  [[nodiscard]] const std::string& x_display() const { return x_display_; }
  // The beginning of a command that runs as the compositor's user: XWayland serves no other.
  [[nodiscard]] const std::vector<std::string>& as_user() const { return as_user_; }
  void Kill();

 private:
  Compositor() = default;
  pid_t pid_ = -1;
  std::string folder_;
  std::string display_;
  std::string x_display_;
  std::vector<std::string> as_user_;
};

}  // namespace shoumi::session::testing
