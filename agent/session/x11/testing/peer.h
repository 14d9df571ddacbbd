#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/session/guard/judge.h"
#include "agent/session/x11/display.h"
#include "common/fd.h"

// X clients of the tests' own, well-behaved or not.
namespace shoumi::session::testing {

struct Content {
  std::string type;  // name of an atom
  uint8_t format = 8;
  std::string bytes;
};

// Owns a selection on a thread of its own until the end of the object.
class Owner {
 public:
  // What an owner does to answer one request; it has its own connection.
  using Act = std::function<void(Owner& owner, const xcb_selection_request_event_t& request)>;

  Owner(const std::string& display, std::string selection, std::map<std::string, Act> acts);
  ~Owner();
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  // Takes the selection; again when it was lost.
  void Own();
  // Takes it back each time that it is taken away.
  void Insist(bool on) { insist_ = on; }
  [[nodiscard]] uint32_t lost() const { return lost_; }

  Display& display() { return *display_; }
  // The ordinary end of an answer.
  void Tell(const xcb_selection_request_event_t& request, bool done);
  // Called at each deletion of a property of a requestor.
  void OnTaken(std::function<void(xcb_window_t window, xcb_atom_t property)> act) {
    on_taken_ = std::move(act);
  }

  static Act Gives(Content content);
  // TARGETS as a list of names.
  static Act Offers(std::vector<std::string> names);
  // In pieces; never the last one when `endless`. Stops after `pieces_max` pieces.
  static Act GivesInPieces(std::string piece, uint64_t pieces, bool endless = false);
  static Act Silent();
  static Act SaysSoOnly();  // says that the property is there, and it is not
  static Act Refuses();

 private:
  void Run();

  std::unique_ptr<Display> display_;
  const std::string selection_;
  const std::map<std::string, Act> acts_;
  std::function<void(xcb_window_t, xcb_atom_t)> on_taken_;
  xcb_window_t window_ = XCB_NONE;
  UniqueFd wake_;
  std::atomic<bool> own_{false};
  std::atomic<bool> insist_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> lost_{0};
  std::thread thread_;
};

// Asks for selections.
class Requestor {
 public:
  explicit Requestor(const std::string& display);
  // Empty when it was refused, or nothing came in 20 s.
  std::optional<Content> Convert(const std::string& selection, const std::string& target);
  // The pairs that come back; None for what failed.
  std::vector<xcb_atom_t> ConvertMultiple(const std::string& selection,
                                          const std::vector<std::string>& targets);
  std::vector<std::string> Targets(const std::string& selection);
  // Asks and does not look at the answer.
  void AskOnly(const std::string& selection, const std::string& target);
  Content Take(const std::string& property);
  Display& display() { return *display_; }
  [[nodiscard]] xcb_window_t window() const { return window_; }

 private:
  std::optional<xcb_atom_t> WaitNotify();
  Reply<xcb_generic_event_t> NextEvent();
  bool TakePieces(xcb_atom_t property, Content* content);

  std::unique_ptr<Display> display_;
  xcb_window_t window_ = XCB_NONE;
};

// xterm: a window of another program. Ends with the object.
class Terminal {
 public:
  explicit Terminal(const std::string& display);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  [[nodiscard]] bool started() const { return pid_ > 0; }
  // Its window is there to be pointed at.
  bool Mapped(Display& display);
  void PointInto(Display& display);

 private:
  pid_t pid_ = -1;
  xcb_window_t window_ = XCB_NONE;
};

// Answers by a function, at once or, without an answer, never; keeps what it was asked.
class TestJudge final : public Judge {
 public:
  using Rule = std::function<std::optional<bool>(const Question&)>;
  explicit TestJudge(Rule rule) : rule_(std::move(rule)) {}
  void Ask(Question question, Done done) override;
  void Report(std::string what) override;
  [[nodiscard]] std::vector<Question> asked() const;
  [[nodiscard]] std::vector<std::string> reports() const;

 private:
  const Rule rule_;
  mutable std::mutex mutex_;
  std::vector<Question> asked_;
  std::vector<std::string> reports_;
  std::vector<Done> never_;
};

}  // namespace shoumi::session::testing
