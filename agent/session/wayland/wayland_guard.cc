#include "agent/session/wayland/wayland_guard.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "agent/session/guard/targets.h"

namespace shoumi::session {
namespace {

constexpr std::chrono::milliseconds kOpenMsMax{5'000};

const char* NameOf(bool primary) {
  return primary ? "PRIMARY" : "CLIPBOARD";
}

Part PartOf(const CopiedKind& kind) {
  return {kind.name, kind.bytes, kind.reason};
}

}  // namespace

const zwlr_data_control_device_v1_listener WaylandGuard::kDevice{
    [](void* data, zwlr_data_control_device_v1*, zwlr_data_control_offer_v1* proxy) {
      static constexpr zwlr_data_control_offer_v1_listener kOffer{
          [](void* of, zwlr_data_control_offer_v1*, const char* name) {
            auto& offer = *static_cast<Offer*>(of);
            if (offer.names.size() < offer.names_max) {
              offer.names.emplace_back(name);
            } else {
              offer.too_many = true;
            }
          }};
      auto& seat = *static_cast<Seat*>(data);
      auto offer = std::make_unique<Offer>();
      offer->proxy = proxy;
      offer->names_max = seat.guard->limits_.targets_max;
      ::zwlr_data_control_offer_v1_add_listener(proxy, &kOffer, offer.get());
      seat.offers[proxy] = std::move(offer);
    },
    [](void* data, zwlr_data_control_device_v1*, zwlr_data_control_offer_v1* proxy) {
      auto& seat = *static_cast<Seat*>(data);
      seat.guard->OnSelection(seat.slots[0], proxy);
    },
    [](void* data, zwlr_data_control_device_v1*) {
      static_cast<Seat*>(data)->guard->judge_.Report(
          "the Wayland compositor lets the clipboard of a seat be guarded no longer");
    },
    [](void* data, zwlr_data_control_device_v1*, zwlr_data_control_offer_v1* proxy) {
      auto& seat = *static_cast<Seat*>(data);
      seat.guard->OnSelection(seat.slots[1], proxy);
    }};

const zwlr_data_control_source_v1_listener WaylandGuard::kSource{
    [](void* data, zwlr_data_control_source_v1*, const char* name, int fd) {
      const auto& source = *static_cast<Source*>(data);
      source.guard->OnSend(source, name, UniqueFd(fd));
    },
    [](void* data, zwlr_data_control_source_v1* proxy) {
      ::zwlr_data_control_source_v1_destroy(proxy);
      static_cast<Source*>(data)->guard->sources_.erase(proxy);
    }};

WaylandGuard::Seat::~Seat() {
  for (const Slot& slot : slots) {
    if (slot.sync != nullptr) ::wl_callback_destroy(slot.sync);
  }
  ::zwlr_data_control_device_v1_destroy(device);
}

absl::StatusOr<std::unique_ptr<WaylandGuard>> WaylandGuard::Open(const std::string& display,
                                                                 Judge& judge, GuardLimits limits) {
  auto connection = Connection::Open(display, kOpenMsMax);
  if (!connection.ok()) return connection.status();
  auto box = AnswerBox::Make();
  if (!box.ok()) return box.status();
  return std::unique_ptr<WaylandGuard>(
      new WaylandGuard(*std::move(connection), judge, limits, *std::move(box)));
}

WaylandGuard::WaylandGuard(std::unique_ptr<Connection> connection, Judge& judge, GuardLimits limits,
                           std::shared_ptr<AnswerBox> box)
    : limits_(limits),
      connection_(std::move(connection)),
      judge_(judge),
      box_(std::move(box)),
      writer_(limits_),
      now_(std::chrono::steady_clock::now()) {}

WaylandGuard::~WaylandGuard() {
  seats_.clear();
  for (const auto& [proxy, source] : sources_) ::zwlr_data_control_source_v1_destroy(proxy);
}

absl::Status WaylandGuard::Run() {
  while (!stopping_) {
    now_ = std::chrono::steady_clock::now();
    FollowSeats();
    if (guarding_ != guarding_now_) {
      guarding_now_ = guarding_;
      if (guarding_now_) ForEachSlot([&](Slot& slot) { Read(slot); });
    }
    OnAnswers();
    OnTime();
    ForEachSlot([&](Slot& slot) {
      if (slot.reader && slot.reader->done()) EndRead(slot);
    });
    if (!Wait()) return absl::UnavailableError("the Wayland compositor has gone");
  }
  return absl::OkStatus();
}

void WaylandGuard::Stop() {
  stopping_ = true;
  box_->Wake();
}

void WaylandGuard::SetGuarding(bool on) {
  guarding_ = on;
  box_->Wake();
}

bool WaylandGuard::Wait() {
  // What somebody woke it up for may have been taken out of the box together with answers.
  if (stopping_ || guarding_ != guarding_now_) return true;
  std::vector<pollfd> fds{{box_->fd(), POLLIN, 0}};
  ForEachSlot([&](Slot& slot) {
    if (slot.reader && !slot.reader->done()) fds.push_back({slot.reader->fd(), POLLIN, 0});
  });
  const size_t readers = fds.size();
  writer_.AddTo(fds);
  int wait_ms = -1;
  if (const Time until = deadline(); until != Time::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now_).count();
    wait_ms = static_cast<int>(std::clamp<int64_t>(left, 0, std::numeric_limits<int>::max()));
  }
  if (!connection_->Wait(fds, wait_ms)) return false;
  now_ = std::chrono::steady_clock::now();
  const std::vector<pollfd> writable(fds.begin() + static_cast<ptrdiff_t>(readers), fds.end());
  writer_.OnPolled(writable, now_);
  ForEachSlot([&](Slot& slot) {
    if (!slot.reader || slot.reader->done()) return;
    for (size_t i = 1; i < readers; ++i) {
      if (fds[i].fd != slot.reader->fd() || fds[i].revents == 0) continue;
      slot.reader->OnReadable(now_);
      break;
    }
  });
  return true;
}

WaylandGuard::Time WaylandGuard::deadline() const {
  Time earliest = writer_.deadline();
  for (const auto& [id, asked] : asked_) earliest = std::min(earliest, asked.until);
  for (const auto& [name, seat] : seats_) {
    for (const Slot& slot : seat->slots) {
      if (slot.reader)
        earliest = std::min(earliest, slot.reader->done() ? now_ : slot.reader->deadline());
      if (slot.undecided) earliest = std::min(earliest, slot.undecided_until);
      if (slot.read_at) earliest = std::min(earliest, *slot.read_at);
    }
  }
  return earliest;
}

void WaylandGuard::FollowSeats() {
  const auto& there = connection_->seats();
  std::erase_if(seats_, [&](const auto& entry) { return !there.contains(entry.first); });
  for (const auto& [name, seat] : there) {
    if (!seats_.contains(name)) AddSeat(name, seat);
  }
}

void WaylandGuard::AddSeat(uint32_t name, wl_seat* proxy) {
  auto seat = std::make_unique<Seat>();
  seat->guard = this;
  for (Slot& slot : seat->slots) {
    slot.guard = this;
    slot.seat = seat.get();
  }
  seat->slots[1].primary = true;
  seat->device = ::zwlr_data_control_manager_v1_get_data_device(connection_->manager(), proxy);
  ::zwlr_data_control_device_v1_add_listener(seat->device, &kDevice, seat.get());
  seats_[name] = std::move(seat);
}

void WaylandGuard::OnSelection(Slot& slot, zwlr_data_control_offer_v1* proxy) {
  std::unique_ptr<Offer> offer;
  if (const auto it = slot.seat->offers.find(proxy); it != slot.seat->offers.end()) {
    offer = std::move(it->second);
  }
  slot.seat->offers.clear();
  if (slot.sync != nullptr) {
    slot.told = true;
    slot.latest = std::move(offer);
    return;
  }
  Consider(slot, std::move(offer));
}

// The compositor has handled the takeover: the last that it said before is what holds now. It tells
// the guard of its own selection like of any other.
void WaylandGuard::OnTaken(Slot& slot) {
  ::wl_callback_destroy(std::exchange(slot.sync, nullptr));
  auto offer = std::exchange(slot.latest, nullptr);
  if (!std::exchange(slot.told, false)) return;
  std::multiset<std::string> mine;
  for (const CopiedKind& kind : slot.held->kinds) mine.insert(kind.name);
  if (offer && mine == std::multiset<std::string>(offer->names.begin(), offer->names.end())) return;
  Consider(slot, std::move(offer));
}

void WaylandGuard::Consider(Slot& slot, std::unique_ptr<Offer> offer) {
  slot.read_at.reset();
  slot.offer = std::move(offer);
  if (slot.offer) {
    slot.reader.reset();
    slot.undecided.reset();
    if (slot.primary) {
      slot.read_at = now_ + limits_.primary_settle_ms;
    } else {
      Read(slot);
    }
  } else if (!slot.primary && slot.reader) {
    slot.reader->OnOwnerGone();
  } else if (!slot.primary && slot.undecided) {
    // Nobody is left to keep it.
    TakeOver(slot, std::exchange(slot.undecided, nullptr));
  } else {
    slot.reader.reset();
    slot.undecided.reset();
  }
}

void WaylandGuard::Read(Slot& slot) {
  slot.read_at.reset();
  slot.reader.reset();
  slot.undecided.reset();
  if (!guarding_now_ || !slot.offer) return;
  slot.reader = std::make_unique<OfferReader>(
      limits_, slot.offer->names, slot.offer->too_many,
      [&slot](const std::string& name, int fd) {
        // After the owner went there is none, and nothing is written.
        if (slot.offer) ::zwlr_data_control_offer_v1_receive(slot.offer->proxy, name.c_str(), fd);
      },
      now_);
}

void WaylandGuard::EndRead(Slot& slot) {
  const auto copy = std::make_shared<const Copy>(slot.reader->Take());
  slot.reader.reset();
  const bool any = std::ranges::any_of(copy->kinds, [](const auto& kind) { return !!kind.bytes; });
  const bool gone = copy->reason == v1::UNSCANNED_REASON_PARTIAL;
  if (gone && !any) return;
  if (!slot.primary && (gone || copy->reason == v1::UNSCANNED_REASON_UNSPECIFIED)) {
    TakeOver(slot, copy);
    return;
  }
  slot.undecided = copy;
  AskFirst(slot);
}

void WaylandGuard::AskFirst(Slot& slot) {
  slot.undecided_id = ++last_id_;
  slot.undecided_until = now_ + limits_.judge_ms_max;
  Question question;
  question.selection = NameOf(slot.primary);
  std::set<const StoredBytes*> had;
  for (const CopiedKind& kind : slot.undecided->kinds) {
    // What was read of the clipboard is asked about when it is pasted.
    if (kind.bytes && (!slot.primary || !had.insert(kind.bytes.get()).second)) continue;
    question.parts.push_back(PartOf(kind));
  }
  if (question.parts.empty() && slot.undecided->reason == v1::UNSCANNED_REASON_UNSPECIFIED) {
    slot.undecided.reset();  // nothing was selected
    return;
  }
  if (slot.undecided->reason == v1::UNSCANNED_REASON_TOO_MANY || question.parts.empty()) {
    question.parts.push_back({"TARGETS", nullptr, slot.undecided->reason});
  }
  judge_.Ask(std::move(question),
             [box = box_, id = slot.undecided_id](bool pass) { box->Put(id, pass); });
}

bool WaylandGuard::Contended(Slot& slot, const Copy& copy) {
  if (!slot.held || !slot.held->SameContent(copy) ||
      now_ - slot.contention_since > limits_.contention_ms) {
    slot.contention = 0;
    slot.contention_since = now_;
    return false;
  }
  return ++slot.contention > limits_.contention_max;
}

void WaylandGuard::TakeOver(Slot& slot, std::shared_ptr<const Copy> copy) {
  if (slot.offer && Contended(slot, *copy)) {
    slot.contention = 0;
    slot.read_at = now_ + limits_.contention_pause_ms;
    ++counters_.left;
    if (slot.reported_at && now_ - *slot.reported_at < limits_.contention_ms) return;
    slot.reported_at = now_;
    judge_.Report(fmt::format(
        "{}: a program takes back what the guard takes over, and has it for {} ms at a time",
        NameOf(slot.primary), limits_.contention_pause_ms.count()));
    return;
  }
  static constexpr wl_callback_listener kTaken{[](void* data, wl_callback*, uint32_t) {
    auto& taken = *static_cast<Slot*>(data);
    taken.guard->OnTaken(taken);
  }};
  auto* const proxy = ::zwlr_data_control_manager_v1_create_data_source(connection_->manager());
  auto source = std::make_unique<Source>(Source{this, slot.primary, copy});
  ::zwlr_data_control_source_v1_add_listener(proxy, &kSource, source.get());
  sources_[proxy] = std::move(source);
  for (const CopiedKind& kind : copy->kinds) {
    ::zwlr_data_control_source_v1_offer(proxy, kind.name.c_str());
  }
  if (slot.primary) {
    ::zwlr_data_control_device_v1_set_primary_selection(slot.seat->device, proxy);
  } else {
    ::zwlr_data_control_device_v1_set_selection(slot.seat->device, proxy);
  }
  slot.held = std::move(copy);
  slot.offer.reset();
  if (slot.sync != nullptr) ::wl_callback_destroy(slot.sync);
  slot.sync = ::wl_display_sync(connection_->display());
  ::wl_callback_add_listener(slot.sync, &kTaken, &slot);
  ++counters_.taken_over;
}

void WaylandGuard::OnSend(const Source& source, const char* name, UniqueFd fd) {
  const CopiedKind* const kind = source.copy->Find(name);
  if (kind == nullptr) return;
  if (waiting_ >= limits_.requests_max) {
    ++counters_.refused_by_bounds;
    return;
  }
  Waiting waiting{name, std::move(fd)};
  const bool whole = !IsReadable(kind->name);
  for (auto& [id, asked] : asked_) {
    if (asked.copy != source.copy || asked.bytes != kind->bytes.get() || asked.whole != whole)
      continue;
    if (asked.pass) {
      Deliver(asked, std::move(waiting));
    } else {
      ++waiting_;
      asked.waiting.push_back(std::move(waiting));
    }
    return;
  }
  const uint64_t id = ++last_id_;
  Asked& asked = asked_[id];
  asked.copy = source.copy;
  asked.bytes = kind->bytes.get();
  asked.whole = whole;
  asked.primary = source.primary;
  asked.until = now_ + limits_.judge_ms_max;
  asked.waiting.push_back(std::move(waiting));
  ++waiting_;
  Question question;
  question.selection = NameOf(source.primary);
  question.parts.push_back(PartOf(*kind));
  const CopiedKind* const text = whole ? source.copy->PlainText() : nullptr;
  if (text != nullptr && text->bytes != kind->bytes) question.parts.push_back(PartOf(*text));
  judge_.Ask(std::move(question), [box = box_, id](bool pass) { box->Put(id, pass); });
}

void WaylandGuard::OnAnswers() {
  for (const auto& [id, pass] : box_->Take()) {
    if (const auto it = asked_.find(id); it != asked_.end()) {
      if (!it->second.pass) Answer(it->second, pass);
      continue;
    }
    ForEachSlot([&, id = id, pass = pass](Slot& slot) {
      if (!slot.undecided || slot.undecided_id != id) return;
      auto copy = std::exchange(slot.undecided, nullptr);
      if (pass) {
        ++counters_.left;
      } else {
        TakeOver(slot, std::move(copy));
      }
    });
  }
}

void WaylandGuard::Answer(Asked& asked, bool pass) {
  asked.pass = pass;
  asked.until = now_ + limits_.paste_ms;
  std::vector<Waiting> waiting = std::exchange(asked.waiting, {});
  waiting_ -= waiting.size();
  for (Waiting& one : waiting) Deliver(asked, std::move(one));
}

// A refused descriptor is closed.
void WaylandGuard::Deliver(const Asked& asked, Waiting waiting) {
  const CopiedKind* const kind = asked.copy->Find(waiting.name);
  if (!*asked.pass || kind == nullptr || !kind->bytes) return;
  if (!writer_.Write(std::move(waiting.fd), kind->bytes, now_)) ++counters_.refused_by_bounds;
}

void WaylandGuard::OnTime() {
  ForEachSlot([&](Slot& slot) {
    if (slot.reader) slot.reader->OnTime(now_);
    if (slot.undecided && now_ >= slot.undecided_until) {
      TakeOver(slot, std::exchange(slot.undecided, nullptr));
    }
    if (slot.read_at && now_ >= *slot.read_at) Read(slot);
  });
  for (auto& [id, asked] : asked_) {
    if (!asked.pass && now_ >= asked.until) Answer(asked, false);
  }
  std::erase_if(asked_,
                [&](const auto& entry) { return entry.second.pass && now_ >= entry.second.until; });
  writer_.OnTime(now_);
}

}  // namespace shoumi::session
