#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "agent/session/guard/limits.h"
#include "agent/session/x11/clip.h"
#include "agent/session/x11/display.h"

namespace shoumi::session {

// Reads everything the owner of a selection holds, one target after the other, into a Clip. The
// owner is a stranger: it may never answer, answer something else, or never come to an end. One
// thread; nothing here waits for the owner.
class Fetch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `owned_since` is the server's time of the ownership that is read; an answer to another one is
  // not mistaken for it, as every fetch has a window of its own.
  Fetch(Display& display, const GuardLimits& limits, xcb_atom_t selection,
        xcb_timestamp_t owned_since, pid_t source, Time now);
  ~Fetch();
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  [[nodiscard]] xcb_window_t window() const { return window_; }
  [[nodiscard]] xcb_timestamp_t owned_since() const { return owned_since_; }
  [[nodiscard]] bool done() const { return stage_ == Stage::kDone; }
  [[nodiscard]] Time deadline() const { return std::min(sign_until_, end_at_); }

  // Events of `window()`.
  void OnSelectionNotify(const xcb_selection_notify_event_t& event, Time now);
  void OnPropertyNew(xcb_atom_t property, Time now);
  void OnTime(Time now);
  // The owner is gone: what has been had is all there is.
  void OnOwnerGone();

  // Once done.
  Clip Take();

 private:
  enum class Stage { kTargets, kAsked, kPieces, kDone };

  void Ask(xcb_atom_t target, Time now);
  void AskNext(Time now);
  void TakeTargets(const Property& property, Time now);
  void AddTargets(std::vector<xcb_atom_t> atoms);
  void TakeContent(Time now);
  void TakePiece(const Property& property, Time now);
  // The target in hand ends with what was read, or without it for `reason`.
  void EndTarget(v1::UnscannedReason reason, Time now);
  void Finish(v1::UnscannedReason reason);
  [[nodiscard]] uint64_t RoomBytes() const;
  ClipTarget& current() { return clip_.targets[order_[next_ - 1]]; }

  Display& display_;
  const GuardLimits& limits_;
  const xcb_atom_t selection_;
  const xcb_timestamp_t owned_since_;
  const xcb_window_t window_;
  Stage stage_ = Stage::kTargets;
  Time sign_until_;
  Time end_at_;
  Clip clip_;
  std::vector<size_t> order_;  // of fetching: indices of clip_.targets
  size_t next_ = 0;            // into order_
  std::shared_ptr<StoredBytes> bytes_;
  uint64_t had_bytes_ = 0;
  uint32_t unanswered_ = 0;  // requests, and transfers that have not come to their end
};

}  // namespace shoumi::session
