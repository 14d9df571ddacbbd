#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/session/guard/answer_box.h"
#include "agent/session/guard/judge.h"
#include "agent/session/guard/limits.h"
#include "agent/session/wayland/connection.h"
#include "agent/session/wayland/offer_reader.h"
#include "agent/session/wayland/pipe_writer.h"

namespace shoumi::session {

struct WaylandCounters {
  std::atomic<uint64_t> taken_over{0};  // copies
  std::atomic<uint64_t> left{0};        // copies left with their owners
  std::atomic<uint64_t> refused_by_bounds{0};
};

// Stands between the owners of a Wayland compositor's selections, of every seat, and everybody who
// pastes. The clipboard is read, taken over and served on as the judge says. The primary selection
// is judged when it has settled, and stays with its owner where it passes. The compositor names
// neither program: questions have no source and no requestor. A refused paste is an empty one, as
// the protocol has no other. SIGPIPE must be ignored.
class WaylandGuard {
 public:
  // `display` as in WAYLAND_DISPLAY; `judge` outlives the guard. Errors as Connection::Open.
  static absl::StatusOr<std::unique_ptr<WaylandGuard>> Open(const std::string& display,
                                                            Judge& judge, GuardLimits limits = {});
  ~WaylandGuard();

  // Guards until Stop(), or Unavailable when the compositor has gone. Once.
  absl::Status Run();
  // From any thread.
  void Stop();
  // While off, owners keep what is copied, and what is held is still served. From any thread.
  void SetGuarding(bool on);
  [[nodiscard]] const WaylandCounters& counters() const { return counters_; }
  [[nodiscard]] bool primary() const { return connection_->primary(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Offer {
    zwlr_data_control_offer_v1* proxy = nullptr;
    uint32_t names_max = 0;
    std::vector<std::string> names;
    bool too_many = false;
    ~Offer() { ::zwlr_data_control_offer_v1_destroy(proxy); }
  };
  struct Seat;
  struct Slot {
    WaylandGuard* guard = nullptr;
    Seat* seat = nullptr;
    bool primary = false;
    std::unique_ptr<Offer> offer;  // of the present owner, where that is not the guard
    std::unique_ptr<OfferReader> reader;
    std::shared_ptr<const Copy> held;
    // Since the guard took over, until the compositor has done so: what it said meanwhile.
    wl_callback* sync = nullptr;
    bool told = false;
    std::unique_ptr<Offer> latest;
    // Read, and not taken over before the judge says so.
    std::shared_ptr<const Copy> undecided;
    uint64_t undecided_id = 0;
    Time undecided_until;
    std::optional<Time> read_at;
    // Who takes back what was taken over.
    uint32_t contention = 0;
    Time contention_since;
    std::optional<Time> reported_at;
  };
  struct Seat {
    WaylandGuard* guard = nullptr;
    zwlr_data_control_device_v1* device = nullptr;
    std::map<zwlr_data_control_offer_v1*, std::unique_ptr<Offer>> offers;  // not yet anybody's
    std::array<Slot, 2> slots;
    ~Seat();
  };
  // What the guard owns.
  struct Source {
    WaylandGuard* guard = nullptr;
    bool primary = false;
    std::shared_ptr<const Copy> copy;
  };
  struct Waiting {
    std::string name;
    UniqueFd fd;
  };
  struct Asked {
    std::shared_ptr<const Copy> copy;
    const StoredBytes* bytes = nullptr;
    bool whole = false;  // the copy's plain text was asked about, too
    bool primary = false;
    std::optional<bool> pass;
    Time until;
    std::vector<Waiting> waiting;
  };

  WaylandGuard(std::unique_ptr<Connection> connection, Judge& judge, GuardLimits limits,
               std::shared_ptr<AnswerBox> box);

  static const zwlr_data_control_device_v1_listener kDevice;
  static const zwlr_data_control_source_v1_listener kSource;

  void FollowSeats();
  void AddSeat(uint32_t name, wl_seat* seat);
  void OnSelection(Slot& slot, zwlr_data_control_offer_v1* proxy);
  void OnTaken(Slot& slot);
  void Consider(Slot& slot, std::unique_ptr<Offer> offer);
  void Read(Slot& slot);
  void EndRead(Slot& slot);
  void AskFirst(Slot& slot);
  void TakeOver(Slot& slot, std::shared_ptr<const Copy> copy);
  bool Contended(Slot& slot, const Copy& copy);
  void OnSend(const Source& source, const char* name, UniqueFd fd);
  void OnAnswers();
  void Answer(Asked& asked, bool pass);
  void Deliver(const Asked& asked, Waiting waiting);
  void OnTime();
  [[nodiscard]] Time deadline() const;
  bool Wait();
  template <typename Act>
  void ForEachSlot(Act act) {
    for (auto& [name, seat] : seats_) {
      for (Slot& slot : seat->slots) act(slot);
    }
  }

  const GuardLimits limits_;
  const std::unique_ptr<Connection> connection_;
  Judge& judge_;
  const std::shared_ptr<AnswerBox> box_;
  PipeWriter writer_;
  std::map<zwlr_data_control_source_v1*, std::unique_ptr<Source>> sources_;
  std::map<uint32_t, std::unique_ptr<Seat>> seats_;
  std::map<uint64_t, Asked> asked_;
  size_t waiting_ = 0;
  uint64_t last_id_ = 0;
  Time now_;
  bool guarding_now_ = false;
  std::atomic<bool> guarding_{true};
  std::atomic<bool> stopping_{false};
  WaylandCounters counters_;
};

}  // namespace shoumi::session
