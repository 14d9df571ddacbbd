#include "agent/session/x11/whereabouts.h"

#include <cstring>

namespace shoumi::session {
namespace {

constexpr int kDepthMax = 64;  // of windows in windows

template <typename Event>
const Event& As(const xcb_generic_event_t& event) {
  return reinterpret_cast<const Event&>(event);
}

}  // namespace

void Whereabouts::Watch() {
  active_ = display_.Atom("_NET_ACTIVE_WINDOW");
  const uint32_t events = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
  ::xcb_change_window_attributes(display_.raw(), display_.root(), XCB_CW_EVENT_MASK, &events);
  const auto cookie = ::xcb_query_tree(display_.raw(), display_.root());
  const Reply<xcb_query_tree_reply_t> tree(::xcb_query_tree_reply(display_.raw(), cookie, nullptr));
  if (!tree) return;
  const xcb_window_t* const children = ::xcb_query_tree_children(tree.get());
  for (int i = 0; i < ::xcb_query_tree_children_length(tree.get()); ++i) WatchWindow(children[i]);
}

void Whereabouts::WatchWindow(xcb_window_t window) {
  if (display_.IsOurs(window)) return;
  const uint32_t events = XCB_EVENT_MASK_ENTER_WINDOW;
  ::xcb_change_window_attributes(display_.raw(), window, XCB_CW_EVENT_MASK, &events);
}

pid_t Whereabouts::OnEvent(const xcb_generic_event_t& event) {
  const uint8_t type = event.response_type & 0x7F;
  pid_t pid = 0;
  if (type == XCB_CREATE_NOTIFY) {
    const auto& created = As<xcb_create_notify_event_t>(event);
    if (created.parent == display_.root()) WatchWindow(created.window);
  } else if (type == XCB_ENTER_NOTIFY) {
    pid = UnderPointer();
  } else if (type == XCB_PROPERTY_NOTIFY) {
    const auto& property = As<xcb_property_notify_event_t>(event);
    if (property.window == display_.root() && property.atom == active_) pid = Active();
  }
  if (pid == 0) return 0;
  // Frames and title bars are the window manager's, and nobody pastes there (EWMH 3.5).
  const xcb_window_t manager = WindowIn(display_.root(), display_.Atom("_NET_SUPPORTING_WM_CHECK"));
  manager_ = manager == XCB_NONE ? 0 : display_.PidOf(manager);
  return pid == manager_ ? 0 : pid;
}

pid_t Whereabouts::UnderPointer() {
  xcb_window_t window = display_.root();
  for (int depth = 0; depth < kDepthMax; ++depth) {
    const auto cookie = ::xcb_query_pointer(display_.raw(), window);
    xcb_generic_error_t* error = nullptr;
    const Reply<xcb_query_pointer_reply_t> reply(
        ::xcb_query_pointer_reply(display_.raw(), cookie, &error));
    std::free(error);
    if (!reply || reply->child == XCB_NONE) break;
    window = reply->child;
  }
  return window == display_.root() ? 0 : display_.PidOf(window);
}

pid_t Whereabouts::Active() {
  const xcb_window_t window = WindowIn(display_.root(), active_);
  return window == XCB_NONE ? 0 : display_.PidOf(window);
}

xcb_window_t Whereabouts::WindowIn(xcb_window_t window, xcb_atom_t property) {
  const auto cookie =
      ::xcb_get_property(display_.raw(), 0, window, property, XCB_ATOM_WINDOW, 0, 1);
  const Reply<xcb_get_property_reply_t> reply(
      ::xcb_get_property_reply(display_.raw(), cookie, nullptr));
  xcb_window_t found = XCB_NONE;
  if (!reply || ::xcb_get_property_value_length(reply.get()) < static_cast<int>(sizeof found)) {
    return XCB_NONE;
  }
  std::memcpy(&found, ::xcb_get_property_value(reply.get()), sizeof found);
  return found;
}

}  // namespace shoumi::session
