#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "agent/session/guard/limits.h"
#include "agent/session/x11/clip.h"
#include "agent/session/x11/display.h"

namespace shoumi::session {

// Content on its way to requestors in pieces (INCR, ICCCM 2.7.2). One thread; nothing here waits
// for a requestor.
class Transfers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Transfers(Display& display, const GuardLimits& limits) : display_(display), limits_(limits) {}

  // Writes the content, or the beginning of a transfer, to the property; the requestor is not told
  // yet. False when too many are on their way, or one to this property is.
  bool Write(xcb_window_t window, xcb_atom_t property, const ClipTarget& target, Time now);

  // Events of requestors' windows.
  void OnPropertyTaken(xcb_window_t window, xcb_atom_t property, Time now);
  void OnWindowGone(xcb_window_t window);
  // Ends what nobody takes any more.
  void OnTime(Time now);
  // Time::max() when there are none.
  [[nodiscard]] Time deadline() const;
  [[nodiscard]] size_t size() const { return going_.size(); }

 private:
  struct Transfer {
    std::shared_ptr<const StoredBytes> bytes;
    xcb_atom_t type = XCB_ATOM_NONE;
    uint8_t format = 8;
    uint64_t offset = 0;
    bool last_written = false;  // the empty piece that ends it
    Time until;
  };
  using Key = std::pair<xcb_window_t, xcb_atom_t>;

  void WatchWindow(xcb_window_t window, bool on);
  void Erase(std::map<Key, Transfer>::iterator it);

  Display& display_;
  const GuardLimits& limits_;
  std::map<Key, Transfer> going_;
  std::vector<char> piece_;
};

}  // namespace shoumi::session
