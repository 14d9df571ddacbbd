#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/session/guard/judge.h"
#include "agent/session/guard/limits.h"
#include "agent/session/x11/clip.h"
#include "agent/session/x11/display.h"
#include "agent/session/x11/fetch.h"
#include "agent/session/x11/requests.h"
#include "agent/session/x11/whereabouts.h"

namespace shoumi::session {

// What the guard has done since it was opened.
struct GuardCounters {
  std::atomic<uint64_t> taken_over{0};  // copies
  std::atomic<uint64_t> left{0};        // copies left with their owners
  std::atomic<uint64_t> refused_by_bounds{0};
  std::atomic<uint32_t> held{0};  // selections that the guard owns now
};

// Stands between the owners of CLIPBOARD and PRIMARY and everybody who asks for them: reads what
// was copied, takes the selection over, and serves each requestor what the judge lets pass. What
// passes is what the owner gave, target by target and byte by byte. From a copy to its takeover
// requestors still reach the owner; PRIMARY is taken over only when the user turns to another
// program.
class SelectionGuard {
 public:
  // `display` as in DISPLAY. `judge` outlives the guard. AlreadyExists when the display has a
  // guard.
  static absl::StatusOr<std::unique_ptr<SelectionGuard>> Open(const std::string& display,
                                                              Judge& judge,
                                                              GuardLimits limits = {});

  // Guards until Stop(), or Unavailable when the server has gone. Once.
  absl::Status Run();
  // From any thread.
  void Stop();
  // While off, owners keep what is copied, and what is held is still served. From any thread.
  void SetGuarding(bool on);
  [[nodiscard]] const GuardCounters& counters() const { return counters_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Slot {
    Held held;
    xcb_atom_t atom = XCB_ATOM_NONE;
    xcb_window_t window = XCB_NONE;  // ours, as its owner
    bool owned = false;
    // Left with its owner until the user turns to another program.
    struct Waiting {
      xcb_window_t owner = XCB_NONE;
      xcb_timestamp_t since = XCB_CURRENT_TIME;
      pid_t source = 0;
    };
    bool waits = false;
    std::optional<Waiting> waiting;
    std::unique_ptr<Fetch> fetch;
    // Read, but not wholly: the judge says whether its owner keeps it.
    std::unique_ptr<Clip> undecided;
    uint64_t undecided_id = 0;
    Time undecided_until;
    xcb_timestamp_t owned_since = XCB_CURRENT_TIME;  // of what `undecided` was read from
    // Who takes back what was taken over.
    uint32_t contention = 0;
    Time contention_since;
    std::optional<Time> again_at;  // when it is taken over after all
    std::optional<Time> reported_at;
  };

  SelectionGuard(std::unique_ptr<Display> display, Judge& judge, GuardLimits limits,
                 std::shared_ptr<AnswerBox> box);

  void SetUpSlot(Slot& slot, const char* name);
  absl::Status ClaimDisplay();
  void Handle(const xcb_generic_event_t& event);
  void OnOwner(Slot& slot, xcb_window_t owner, xcb_timestamp_t since, bool owner_ended);
  // The user is at another program's now.
  void OnUserAt(pid_t pid);
  void OnAnswers();
  void OnTime();
  void TakeOverPresent(Slot& slot);
  void StartFetch(Slot& slot, xcb_window_t owner, xcb_timestamp_t since);
  void EndFetch(Slot& slot);
  void AskToLeave(Slot& slot);
  void TakeOver(Slot& slot, Clip clip);
  void Pause(Slot& slot, const Clip& clip);
  // True when the owner takes back the same content over and over.
  bool Contended(Slot& slot, const Clip& clip);
  void CountHeld();
  [[nodiscard]] Time deadline() const;
  [[nodiscard]] bool Wait();
  Slot* SlotOf(xcb_atom_t selection);

  const GuardLimits limits_;
  const std::unique_ptr<Display> display_;
  Judge& judge_;
  const std::shared_ptr<AnswerBox> box_;
  Requests requests_;
  Whereabouts whereabouts_;
  std::array<Slot, 2> slots_;
  Time now_;
  bool guarding_now_ = false;
  std::atomic<bool> guarding_{true};
  std::atomic<bool> stopping_{false};
  GuardCounters counters_;
};

}  // namespace shoumi::session
