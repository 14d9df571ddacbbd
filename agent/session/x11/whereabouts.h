#pragma once

#include <sys/types.h>

#include "agent/session/x11/display.h"

namespace shoumi::session {

// Where the user is: the program whose window the pointer has come into, or that the window manager
// has made active. Looks at nothing the user types. One thread.
class Whereabouts {
 public:
  explicit Whereabouts(Display& display) : display_(display) {}

  // Begins to be told; the events are the display's.
  void Watch();
  // The process that the user has just come to; 0 where the event does not say so, or says the
  // window manager's.
  pid_t OnEvent(const xcb_generic_event_t& event);

 private:
  void WatchWindow(xcb_window_t window);
  [[nodiscard]] pid_t UnderPointer();
  [[nodiscard]] pid_t Active();
  [[nodiscard]] xcb_window_t WindowIn(xcb_window_t window, xcb_atom_t property);

  Display& display_;
  xcb_atom_t active_ = XCB_ATOM_NONE;
  pid_t manager_ = 0;
};

}  // namespace shoumi::session
