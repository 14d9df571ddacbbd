#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/session/guard/answer_box.h"
#include "agent/session/guard/judge.h"
#include "agent/session/guard/limits.h"
#include "agent/session/x11/clip.h"
#include "agent/session/x11/display.h"
#include "agent/session/x11/transfers.h"

namespace shoumi::session {

// What a selection is served from.
struct Held {
  std::string selection;  // its name
  xcb_timestamp_t since = XCB_CURRENT_TIME;
  std::shared_ptr<const Clip> clip;  // null: nothing is held
};

// Serves requestors what the judge lets pass. A request that is refused ends as the protocol says
// (ICCCM 2.2): with property None, at once for the program that waits. One thread.
class Requests {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Requests(Display& display, const GuardLimits& limits, Judge& judge,
           std::shared_ptr<AnswerBox> box)
      : display_(display),
        limits_(limits),
        judge_(judge),
        box_(std::move(box)),
        transfers_(display, limits) {}

  void OnRequest(const xcb_selection_request_event_t& event, const Held& held, Time now);
  // True when the answer was to one of its questions.
  bool OnAnswer(uint64_t id, bool pass, Time now);
  void OnTime(Time now);
  [[nodiscard]] Time deadline() const;

  // A number for a question that goes to the same box.
  uint64_t NextId() { return ++last_id_; }
  Transfers& transfers() { return transfers_; }
  [[nodiscard]] uint64_t refused_by_bounds() const { return refused_by_bounds_; }

 private:
  // One MULTIPLE: told when the last of its conversions is through.
  struct Group {
    xcb_selection_request_event_t event{};
    std::vector<xcb_atom_t> pairs;  // target, property, …
    size_t open = 0;
  };
  struct Conversion {
    xcb_selection_request_event_t event{};
    Held held;
    std::shared_ptr<Group> group;  // null: on its own
    size_t index = 0;              // of its property in the group's pairs
  };
  // One paste: who asks for which bytes.
  struct Paste {
    pid_t pid = 0;
    xcb_window_t window = XCB_NONE;  // where the process is not known
    const StoredBytes* bytes = nullptr;
    bool whole = false;  // the copy's plain text was asked about, too
    bool operator==(const Paste&) const = default;
  };
  struct Asked {
    Paste paste;
    std::shared_ptr<const Clip> clip;  // keeps `paste.bytes` what it is
    std::optional<bool> pass;
    Time until;
    std::vector<Conversion> waiting;
  };

  void Convert(Conversion conversion, Time now);
  void ConvertMultiple(const Conversion& conversion, Time now);
  void ConvertContent(Conversion conversion, const ClipTarget& target, Time now);
  Asked& Ask(const Conversion& conversion, const ClipTarget& target, const Paste& paste, Time now);
  void Answer(Asked& asked, bool pass, Time now);
  void Deliver(const Conversion& conversion, bool pass, Time now);
  bool WriteTargets(const Conversion& conversion);
  void Finish(const Conversion& conversion, bool done);
  void Notify(const xcb_selection_request_event_t& event, bool done);

  Display& display_;
  const GuardLimits& limits_;
  Judge& judge_;
  const std::shared_ptr<AnswerBox> box_;
  Transfers transfers_;
  std::map<uint64_t, Asked> asked_;
  size_t waiting_ = 0;
  uint64_t last_id_ = 0;
  uint64_t refused_by_bounds_ = 0;
};

}  // namespace shoumi::session
