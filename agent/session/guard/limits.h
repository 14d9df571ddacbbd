#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace shoumi::session {

// Bounds of the guard over selections. What a bound leaves out is asked about as unscanned with the
// bound's reason, never passed over.
struct GuardLimits {
  uint64_t target_bytes_max = 64U << 20;      // one target of one selection (oversize)
  uint64_t selection_bytes_max = 160U << 20;  // all targets of one selection (oversize)
  uint32_t targets_max = 128;                 // of one selection (too_many)
  uint32_t pairs_max = 64;                    // of one MULTIPLE; the whole request is refused
  uint32_t requests_max = 256;                // that wait for an answer; more are refused
  uint32_t transfers_max = 32;                // in pieces to requestors; more are refused
  size_t direct_bytes_max = 1U << 20;         // in one property; more goes in pieces (INCR)
  size_t piece_bytes = 256U << 10;
  // An owner's time for the next sign of life, and for everything it holds (timeout).
  std::chrono::milliseconds owner_ms_max{2'000};
  std::chrono::milliseconds fetch_ms_max{10'000};
  // A requestor's time to take the next piece; the transfer ends there.
  std::chrono::milliseconds requestor_ms_max{5'000};
  // The judge's time, for one that keeps no time of its own; the request is refused then.
  std::chrono::milliseconds judge_ms_max{62'000};
  // The same program asking for the same bytes again within it is one paste, with one answer.
  std::chrono::milliseconds paste_ms{1'000};
  // More than `contention_max` times within `contention_ms` that the same content is owned by
  // somebody else again: the guard pauses before it takes it over, and reports it.
  uint32_t contention_max = 4;
  std::chrono::milliseconds contention_ms{3'000};
  std::chrono::milliseconds contention_pause_ms{200};
  // On Wayland: how long PRIMARY must be the same before it is judged; it changes at each step of a
  // selection by mouse.
  std::chrono::milliseconds primary_settle_ms{200};
  // PRIMARY stays with its owner until the user turns to another program: text loses its highlight
  // in many programs when they lose PRIMARY, and what they would do with it next.
  bool primary_waits = true;
};

}  // namespace shoumi::session
