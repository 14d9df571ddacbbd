#include "agent/session/x11/transfers.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace shoumi::session {

bool Transfers::Write(xcb_window_t window, xcb_atom_t property, const ClipTarget& target,
                      Time now) {
  if (going_.contains({window, property})) return false;
  const uint64_t size = target.bytes->size();
  if (size <= std::min(limits_.direct_bytes_max, display_.property_bytes_max())) {
    piece_.resize(size);
    const auto n = target.bytes->Read(0, piece_);
    if (!n.ok() || *n != size) return false;
    display_.SetProperty(window, property, target.type, target.format, {piece_.data(), size});
    return true;
  }
  if (going_.size() >= limits_.transfers_max) return false;
  WatchWindow(window, true);
  const auto announced =
      static_cast<uint32_t>(std::min<uint64_t>(size, std::numeric_limits<int32_t>::max()));
  display_.SetProperty(window, property, display_.Atom("INCR"), 32,
                       {reinterpret_cast<const char*>(&announced), sizeof announced});
  Transfer transfer;
  transfer.bytes = target.bytes;
  transfer.type = target.type;
  transfer.format = target.format;
  transfer.until = now + limits_.requestor_ms_max;
  going_.emplace(Key{window, property}, std::move(transfer));
  return true;
}

void Transfers::OnPropertyTaken(xcb_window_t window, xcb_atom_t property, Time now) {
  const auto it = going_.find({window, property});
  if (it == going_.end()) return;
  Transfer& transfer = it->second;
  if (transfer.last_written) {
    Erase(it);
    return;
  }
  // Whole items of 32 bits, whatever the format.
  piece_.resize(std::min(limits_.piece_bytes, display_.property_bytes_max()) / 4 * 4);
  const auto n = transfer.bytes->Read(transfer.offset, piece_);
  if (!n.ok()) {
    Erase(it);
    return;
  }
  transfer.offset += *n;
  transfer.last_written = *n == 0;
  transfer.until = now + limits_.requestor_ms_max;
  display_.SetProperty(window, property, transfer.type, transfer.format, {piece_.data(), *n});
}

void Transfers::OnWindowGone(xcb_window_t window) {
  for (auto it = going_.lower_bound({window, 0});
       it != going_.end() && it->first.first == window;) {
    it = going_.erase(it);
  }
}

void Transfers::OnTime(Time now) {
  for (auto it = going_.begin(); it != going_.end();) {
    const auto next = std::next(it);
    if (now >= it->second.until) Erase(it);
    it = next;
  }
}

Transfers::Time Transfers::deadline() const {
  Time earliest = Time::max();
  for (const auto& [key, transfer] : going_) earliest = std::min(earliest, transfer.until);
  return earliest;
}

// Our own interest in the window, beside that of the clients it belongs to. Where the pointer goes
// is asked of every window (Whereabouts), so that stays.
void Transfers::WatchWindow(xcb_window_t window, bool on) {
  uint32_t events = XCB_EVENT_MASK_ENTER_WINDOW;
  if (on) events |= XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  ::xcb_change_window_attributes(display_.raw(), window, XCB_CW_EVENT_MASK, &events);
}

void Transfers::Erase(std::map<Key, Transfer>::iterator it) {
  const xcb_window_t window = it->first.first;
  going_.erase(it);
  const auto left = going_.lower_bound({window, 0});
  if (left == going_.end() || left->first.first != window) WatchWindow(window, false);
}

}  // namespace shoumi::session
