#pragma once

#include <sys/types.h>
#include <xcb/xcb.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::session {

struct Free {
  void operator()(void* memory) const { std::free(memory); }  // as XCB hands its replies out
};
template <typename T>
using Reply = std::unique_ptr<T, Free>;

// A property as it was read.
struct Property {
  xcb_atom_t type = XCB_ATOM_NONE;  // None: there is no such property
  uint8_t format = 0;               // bits of an item: 8, 16 or 32
  uint64_t total_bytes = 0;         // what was left of it at the first read
  std::string bytes;
};

// One connection to an X server, with XFixes and X-Resource 1.2. One thread. Calls that ask the
// server wait for its answer; none waits for another client.
class Display {
 public:
  // `name` as in DISPLAY. Unavailable when there is no server; FailedPrecondition when it lacks an
  // extension.
  static absl::StatusOr<std::unique_ptr<Display>> Open(const std::string& name);
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  [[nodiscard]] xcb_connection_t* raw() const { return connection_; }
  [[nodiscard]] xcb_window_t root() const { return root_; }
  [[nodiscard]] uint8_t selection_event() const { return selection_event_; }
  // Of one ChangeProperty.
  [[nodiscard]] size_t property_bytes_max() const { return property_bytes_max_; }
  [[nodiscard]] bool broken() const { return ::xcb_connection_has_error(connection_) != 0; }

  xcb_atom_t Atom(std::string_view name);
  // Empty for what is no atom.
  std::vector<std::string> AtomNames(std::span<const xcb_atom_t> atoms);

  // Never mapped; tells of changes of its properties.
  xcb_window_t MakeWindow();
  [[nodiscard]] bool IsOurs(xcb_window_t window) const;
  // Destroys a window that others may still write to, later: many programs end at the error that a
  // write to no window is.
  void Retire(xcb_window_t window);
  void WatchSelection(xcb_window_t window, xcb_atom_t selection);
  // The process at the other end of the connection that made `resource`, by the server's knowledge;
  // 0 when it is not on this machine or gone.
  [[nodiscard]] pid_t PidOf(uint32_t resource);
  // The class part of WM_CLASS; empty when there is none.
  [[nodiscard]] std::string WindowClass(xcb_window_t window);

  // Reads a whole property of at most `bytes_max` and deletes it. A larger one is left in place
  // with `bytes` empty.
  [[nodiscard]] Property TakeProperty(xcb_window_t window, xcb_atom_t property, uint64_t bytes_max);
  void SetProperty(xcb_window_t window, xcb_atom_t property, xcb_atom_t type, uint8_t format,
                   std::string_view bytes);

 private:
  explicit Display(xcb_connection_t* connection) : connection_(connection) {}
  absl::Status SetUp();

  xcb_connection_t* const connection_;
  xcb_window_t root_ = XCB_NONE;
  uint8_t selection_event_ = 0;
  size_t property_bytes_max_ = 0;
  std::unordered_map<std::string, xcb_atom_t> atoms_;  // ours only
  std::deque<xcb_window_t> retired_;
};

}  // namespace shoumi::session
