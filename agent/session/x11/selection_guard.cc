#include "agent/session/x11/selection_guard.h"

#include <fmt/format.h>
#include <poll.h>
#include <xcb/xfixes.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace shoumi::session {

absl::StatusOr<std::unique_ptr<SelectionGuard>> SelectionGuard::Open(const std::string& display,
                                                                     Judge& judge,
                                                                     GuardLimits limits) {
  auto opened = Display::Open(display);
  if (!opened.ok()) return opened.status();
  auto box = AnswerBox::Make();
  if (!box.ok()) return box.status();
  std::unique_ptr<SelectionGuard> guard(
      new SelectionGuard(*std::move(opened), judge, limits, *std::move(box)));
  if (absl::Status status = guard->ClaimDisplay(); !status.ok()) return status;
  return guard;
}

SelectionGuard::SelectionGuard(std::unique_ptr<Display> display, Judge& judge, GuardLimits limits,
                               std::shared_ptr<AnswerBox> box)
    : limits_(limits),
      display_(std::move(display)),
      judge_(judge),
      box_(std::move(box)),
      requests_(*display_, limits_, judge_, box_),
      whereabouts_(*display_),
      now_(std::chrono::steady_clock::now()) {
  SetUpSlot(slots_[0], "CLIPBOARD");
  SetUpSlot(slots_[1], "PRIMARY");
  slots_[1].waits = limits_.primary_waits;
  if (limits_.primary_waits) whereabouts_.Watch();
}

void SelectionGuard::SetUpSlot(Slot& slot, const char* name) {
  slot.held.selection = name;
  slot.atom = display_->Atom(name);
  slot.window = display_->MakeWindow();
  display_->WatchSelection(slot.window, slot.atom);
}

// Two guards would take selections over from each other for ever. As ICCCM 2.8 has it for managers.
absl::Status SelectionGuard::ClaimDisplay() {
  const xcb_atom_t claim = display_->Atom("_SHOUMI_SESSION");
  ::xcb_grab_server(display_->raw());
  const auto cookie = ::xcb_get_selection_owner(display_->raw(), claim);
  const Reply<xcb_get_selection_owner_reply_t> reply(
      ::xcb_get_selection_owner_reply(display_->raw(), cookie, nullptr));
  const xcb_window_t owner = reply ? reply->owner : XCB_NONE;
  if (owner == XCB_NONE) {
    ::xcb_set_selection_owner(display_->raw(), slots_[0].window, claim, XCB_CURRENT_TIME);
  }
  ::xcb_ungrab_server(display_->raw());
  ::xcb_flush(display_->raw());
  if (!reply) return absl::UnavailableError("the X server has gone");
  if (owner == XCB_NONE) return absl::OkStatus();
  return absl::AlreadyExistsError(
      fmt::format("process {} guards this display already", display_->PidOf(owner)));
}

absl::Status SelectionGuard::Run() {
  while (!stopping_) {
    now_ = std::chrono::steady_clock::now();
    if (guarding_ != guarding_now_) {
      guarding_now_ = guarding_;
      for (Slot& slot : slots_) {
        if (guarding_now_) TakeOverPresent(slot);
      }
    }
    while (const Reply<xcb_generic_event_t> event{::xcb_poll_for_event(display_->raw())}) {
      Handle(*event);
    }
    OnAnswers();
    OnTime();
    for (Slot& slot : slots_) {
      if (slot.fetch && slot.fetch->done()) EndFetch(slot);
    }
    CountHeld();
    if (!Wait()) return absl::UnavailableError("the X server has gone");
  }
  return absl::OkStatus();
}

void SelectionGuard::Stop() {
  stopping_ = true;
  box_->Wake();
}

void SelectionGuard::SetGuarding(bool on) {
  guarding_ = on;
  box_->Wake();
}

// False when the server has gone.
bool SelectionGuard::Wait() {
  ::xcb_flush(display_->raw());
  // Waiting for answers of the server may have read events, which poll(2) knows nothing of.
  if (const Reply<xcb_generic_event_t> event{::xcb_poll_for_queued_event(display_->raw())}) {
    Handle(*event);
    return true;
  }
  if (display_->broken()) return false;
  // What somebody woke it up for may have been taken out of the box together with answers.
  if (stopping_ || guarding_ != guarding_now_) return true;
  int wait_ms = -1;
  if (const Time until = deadline(); until != Time::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now_).count();
    wait_ms = static_cast<int>(std::clamp<int64_t>(left, 0, std::numeric_limits<int>::max()));
  }
  pollfd fds[2] = {{::xcb_get_file_descriptor(display_->raw()), POLLIN, 0},
                   {box_->fd(), POLLIN, 0}};
  return ::poll(fds, 2, wait_ms) >= 0 || errno == EINTR;
}

SelectionGuard::Time SelectionGuard::deadline() const {
  Time earliest = requests_.deadline();
  for (const Slot& slot : slots_) {
    if (slot.fetch)
      earliest = std::min(earliest, slot.fetch->done() ? now_ : slot.fetch->deadline());
    if (slot.undecided) earliest = std::min(earliest, slot.undecided_until);
    if (slot.again_at) earliest = std::min(earliest, *slot.again_at);
  }
  return earliest;
}

SelectionGuard::Slot* SelectionGuard::SlotOf(xcb_atom_t selection) {
  for (Slot& slot : slots_) {
    if (slot.atom == selection) return &slot;
  }
  return nullptr;
}

// Errors among the events say that a requestor's window has gone; its transfer ends by itself.
void SelectionGuard::Handle(const xcb_generic_event_t& event) {
  const uint8_t type = event.response_type & 0x7F;  // without "sent by a client"
  if (limits_.primary_waits) {
    if (const pid_t pid = whereabouts_.OnEvent(event); pid != 0) OnUserAt(pid);
  }
  if (type == XCB_SELECTION_REQUEST) {
    const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(event);
    if (Slot* const slot = SlotOf(request.selection)) {
      requests_.OnRequest(request, slot->held, now_);
    }
  } else if (type == XCB_SELECTION_NOTIFY) {
    const auto& notify = reinterpret_cast<const xcb_selection_notify_event_t&>(event);
    for (Slot& slot : slots_) {
      if (slot.fetch && slot.fetch->window() == notify.requestor) {
        slot.fetch->OnSelectionNotify(notify, now_);
      }
    }
  } else if (type == XCB_PROPERTY_NOTIFY) {
    const auto& property = reinterpret_cast<const xcb_property_notify_event_t&>(event);
    if (property.state == XCB_PROPERTY_DELETE) {
      requests_.transfers().OnPropertyTaken(property.window, property.atom, now_);
      return;
    }
    for (Slot& slot : slots_) {
      if (slot.fetch && slot.fetch->window() == property.window) {
        slot.fetch->OnPropertyNew(property.atom, now_);
      }
    }
  } else if (type == XCB_DESTROY_NOTIFY) {
    requests_.transfers().OnWindowGone(
        reinterpret_cast<const xcb_destroy_notify_event_t&>(event).window);
  } else if (type == display_->selection_event()) {
    const auto& change = reinterpret_cast<const xcb_xfixes_selection_notify_event_t&>(event);
    if (Slot* const slot = SlotOf(change.selection)) {
      OnOwner(*slot, change.owner, change.selection_timestamp,
              change.subtype != XCB_XFIXES_SELECTION_EVENT_SET_SELECTION_OWNER);
    }
  }
}

void SelectionGuard::OnOwner(Slot& slot, xcb_window_t owner, xcb_timestamp_t since,
                             bool owner_ended) {
  if (owner == slot.window) {
    slot.held.since = since;
    return;
  }
  slot.again_at.reset();
  if (owner != XCB_NONE && !owner_ended) {
    slot.owned = false;
    slot.waiting.reset();
    if (slot.waits && guarding_now_) {
      slot.fetch.reset();
      slot.undecided.reset();
      slot.waiting = Slot::Waiting{owner, since, display_->PidOf(owner)};
      return;
    }
    StartFetch(slot, owner, since);
    return;
  }
  slot.waiting.reset();
  if (owner_ended && slot.fetch) {
    slot.fetch->OnOwnerGone();
  } else if (owner_ended && slot.undecided) {
    // Nobody is left to keep it.
    TakeOver(slot, std::move(*std::exchange(slot.undecided, nullptr)));
  } else if (!owner_ended) {
    // Emptied on purpose, as password stores do.
    slot.fetch.reset();
    slot.undecided.reset();
    slot.owned = false;
    slot.held.clip.reset();
  }
}

void SelectionGuard::OnUserAt(pid_t pid) {
  for (Slot& slot : slots_) {
    if (!slot.waiting || slot.waiting->source == pid) continue;
    const Slot::Waiting waiting = *std::exchange(slot.waiting, std::nullopt);
    StartFetch(slot, waiting.owner, waiting.since);
  }
}

void SelectionGuard::TakeOverPresent(Slot& slot) {
  const auto cookie = ::xcb_get_selection_owner(display_->raw(), slot.atom);
  const Reply<xcb_get_selection_owner_reply_t> reply(
      ::xcb_get_selection_owner_reply(display_->raw(), cookie, nullptr));
  if (!reply || reply->owner == XCB_NONE || reply->owner == slot.window) return;
  StartFetch(slot, reply->owner, XCB_CURRENT_TIME);
}

void SelectionGuard::StartFetch(Slot& slot, xcb_window_t owner, xcb_timestamp_t since) {
  slot.fetch.reset();
  slot.undecided.reset();
  if (!guarding_now_) return;
  slot.owned_since = since;
  slot.fetch =
      std::make_unique<Fetch>(*display_, limits_, slot.atom, since, display_->PidOf(owner), now_);
}

void SelectionGuard::EndFetch(Slot& slot) {
  Clip clip = slot.fetch->Take();
  slot.fetch.reset();
  if (clip.reason == v1::UNSCANNED_REASON_UNSPECIFIED ||
      clip.reason == v1::UNSCANNED_REASON_PARTIAL) {
    const bool any =
        std::ranges::any_of(clip.targets, [](const auto& t) { return t.bytes != nullptr; });
    // An owner that ended before anything was read leaves nothing to serve.
    if (any || clip.reason == v1::UNSCANNED_REASON_UNSPECIFIED) TakeOver(slot, std::move(clip));
    return;
  }
  slot.undecided = std::make_unique<Clip>(std::move(clip));
  AskToLeave(slot);
}

void SelectionGuard::AskToLeave(Slot& slot) {
  slot.undecided_id = requests_.NextId();
  slot.undecided_until = now_ + limits_.judge_ms_max;
  Question question;
  question.selection = slot.held.selection;
  question.source = slot.undecided->source;
  for (const ClipTarget& target : slot.undecided->targets) {
    if (!target.bytes) question.parts.push_back({target.name, nullptr, target.reason});
  }
  if (question.parts.empty()) {
    question.parts.push_back({"TARGETS", nullptr, slot.undecided->reason});
  }
  judge_.Ask(std::move(question),
             [box = box_, id = slot.undecided_id](bool pass) { box->Put(id, pass); });
}

void SelectionGuard::OnAnswers() {
  for (const auto& [id, pass] : box_->Take()) {
    if (requests_.OnAnswer(id, pass, now_)) continue;
    for (Slot& slot : slots_) {
      if (!slot.undecided || slot.undecided_id != id) continue;
      const auto clip = std::exchange(slot.undecided, nullptr);
      if (pass) {
        ++counters_.left;
      } else {
        TakeOver(slot, std::move(*clip));
      }
    }
  }
}

void SelectionGuard::OnTime() {
  for (Slot& slot : slots_) {
    if (slot.fetch) slot.fetch->OnTime(now_);
    if (slot.undecided && now_ >= slot.undecided_until) {
      TakeOver(slot, std::move(*std::exchange(slot.undecided, nullptr)));
    }
    if (slot.again_at && now_ >= *slot.again_at) {
      slot.again_at.reset();
      TakeOverPresent(slot);
    }
  }
  requests_.OnTime(now_);
}

bool SelectionGuard::Contended(Slot& slot, const Clip& clip) {
  if (!slot.held.clip || !slot.held.clip->SameContent(clip) ||
      now_ - slot.contention_since > limits_.contention_ms) {
    slot.contention = 0;
    slot.contention_since = now_;
    return false;
  }
  return ++slot.contention > limits_.contention_max;
}

// Never left for longer than a user takes from one program to the next: somebody who copies the
// same again and again looks like a program that does.
void SelectionGuard::Pause(Slot& slot, const Clip& clip) {
  slot.contention = 0;
  slot.again_at = now_ + limits_.contention_pause_ms;
  ++counters_.left;
  if (slot.reported_at && now_ - *slot.reported_at < limits_.contention_ms) return;
  slot.reported_at = now_;
  judge_.Report(
      fmt::format("{}: process {} takes back what the guard takes over, and has it for {} ms "
                  "at a time",
                  slot.held.selection, clip.source, limits_.contention_pause_ms.count()));
}

void SelectionGuard::TakeOver(Slot& slot, Clip clip) {
  if (Contended(slot, clip)) {
    Pause(slot, clip);
    return;
  }
  // With the owner's own time: whoever owns it since then keeps it (ICCCM 2.1).
  ::xcb_set_selection_owner(display_->raw(), slot.window, slot.atom, slot.owned_since);
  const auto cookie = ::xcb_get_selection_owner(display_->raw(), slot.atom);
  const Reply<xcb_get_selection_owner_reply_t> reply(
      ::xcb_get_selection_owner_reply(display_->raw(), cookie, nullptr));
  if (!reply || reply->owner != slot.window) return;
  slot.owned = true;
  slot.held.since = slot.owned_since;
  slot.held.clip = std::make_shared<const Clip>(std::move(clip));
  ++counters_.taken_over;
}

void SelectionGuard::CountHeld() {
  counters_.held = static_cast<uint32_t>(std::ranges::count_if(slots_, &Slot::owned));
  counters_.refused_by_bounds = requests_.refused_by_bounds();
}

}  // namespace shoumi::session
