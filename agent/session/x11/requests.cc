#include "agent/session/x11/requests.h"

#include <algorithm>
#include <cstring>

#include "agent/session/guard/targets.h"

namespace shoumi::session {
namespace {

std::string_view AsBytes(std::span<const xcb_atom_t> atoms) {
  return {reinterpret_cast<const char*>(atoms.data()), atoms.size_bytes()};
}

}  // namespace

void Requests::OnRequest(const xcb_selection_request_event_t& event, const Held& held, Time now) {
  Conversion conversion;
  conversion.event = event;
  conversion.held = held;
  // Clients from before ICCCM name no property (2.2).
  if (event.property == XCB_ATOM_NONE) conversion.event.property = event.target;
  if (event.target == display_.Atom("MULTIPLE")) {
    ConvertMultiple(conversion, now);
  } else {
    Convert(std::move(conversion), now);
  }
}

void Requests::ConvertMultiple(const Conversion& conversion, Time now) {
  const xcb_selection_request_event_t& event = conversion.event;
  const uint64_t bytes_max = uint64_t{limits_.pairs_max} * 2 * sizeof(xcb_atom_t);
  const Property property = event.property == XCB_ATOM_NONE
                                ? Property{}
                                : display_.TakeProperty(event.requestor, event.property, bytes_max);
  const size_t atoms = property.bytes.size() / sizeof(xcb_atom_t);
  if (property.format != 32 || property.total_bytes > bytes_max || atoms == 0 || atoms % 2 != 0) {
    refused_by_bounds_ += property.total_bytes > bytes_max ? 1 : 0;
    Notify(event, false);
    return;
  }
  const auto group = std::make_shared<Group>();
  group->event = event;
  group->pairs.resize(atoms);
  std::memcpy(group->pairs.data(), property.bytes.data(), property.bytes.size());
  group->open = atoms / 2;
  const std::vector<xcb_atom_t> pairs = group->pairs;  // those refused at once change it
  for (size_t i = 0; i < atoms; i += 2) {
    Conversion one = conversion;
    one.event.target = pairs[i];
    one.event.property = pairs[i + 1];
    one.group = group;
    one.index = i + 1;
    Convert(std::move(one), now);
  }
}

void Requests::Convert(Conversion conversion, Time now) {
  const xcb_selection_request_event_t& event = conversion.event;
  const Clip* const clip = conversion.held.clip.get();
  const ClipTarget* const target = clip == nullptr ? nullptr : clip->Find(event.target);
  const bool known = clip != nullptr && event.property != XCB_ATOM_NONE;
  if (known && event.target == display_.Atom("TARGETS")) {
    Finish(conversion, WriteTargets(conversion));
  } else if (known && event.target == display_.Atom("TIMESTAMP")) {
    display_.SetProperty(event.requestor, event.property, XCB_ATOM_INTEGER, 32,
                         AsBytes(std::span(&conversion.held.since, 1)));
    Finish(conversion, true);
  } else if (known && event.target == display_.Atom("SAVE_TARGETS")) {
    // All of it is saved already; the answer is empty, of type NULL.
    display_.SetProperty(event.requestor, event.property, display_.Atom("NULL"), 32, {});
    Finish(conversion, true);
  } else if (known && target != nullptr) {
    ConvertContent(std::move(conversion), *target, now);
  } else {
    Finish(conversion, false);
  }
}

bool Requests::WriteTargets(const Conversion& conversion) {
  std::vector<xcb_atom_t> atoms{display_.Atom("TARGETS"), display_.Atom("TIMESTAMP"),
                                display_.Atom("MULTIPLE"), display_.Atom("SAVE_TARGETS")};
  for (const ClipTarget& target : conversion.held.clip->targets) atoms.push_back(target.atom);
  display_.SetProperty(conversion.event.requestor, conversion.event.property, XCB_ATOM_ATOM, 32,
                       AsBytes(atoms));
  return true;
}

void Requests::ConvertContent(Conversion conversion, const ClipTarget& target, Time now) {
  if (waiting_ >= limits_.requests_max) {
    ++refused_by_bounds_;
    Finish(conversion, false);
    return;
  }
  Paste paste;
  paste.pid = display_.PidOf(conversion.event.requestor);
  if (paste.pid == 0) paste.window = conversion.event.requestor;
  paste.bytes = target.bytes.get();
  paste.whole = !IsReadable(target.name);
  for (auto& [id, asked] : asked_) {
    if (!(asked.paste == paste) || asked.clip != conversion.held.clip) continue;
    if (asked.pass) {
      Deliver(conversion, *asked.pass, now);
    } else {
      ++waiting_;
      asked.waiting.push_back(std::move(conversion));
    }
    return;
  }
  Ask(conversion, target, paste, now);
}

Requests::Asked& Requests::Ask(const Conversion& conversion, const ClipTarget& target,
                               const Paste& paste, Time now) {
  const uint64_t id = NextId();
  Asked& asked = asked_[id];
  asked.paste = paste;
  asked.clip = conversion.held.clip;
  asked.until = now + limits_.judge_ms_max;
  asked.waiting.push_back(conversion);
  ++waiting_;
  Question question;
  question.selection = conversion.held.selection;
  question.source = conversion.held.clip->source;
  question.requestor = paste.pid;
  question.window_class = display_.WindowClass(conversion.event.requestor);
  question.parts.push_back({target.name, target.bytes, target.reason});
  const ClipTarget* const text = paste.whole ? conversion.held.clip->PlainText() : nullptr;
  if (text != nullptr && text->bytes != target.bytes) {
    question.parts.push_back({text->name, text->bytes, text->reason});
  }
  judge_.Ask(std::move(question), [box = box_, id](bool pass) { box->Put(id, pass); });
  return asked;
}

bool Requests::OnAnswer(uint64_t id, bool pass, Time now) {
  const auto it = asked_.find(id);
  if (it == asked_.end()) return false;
  if (!it->second.pass) Answer(it->second, pass, now);
  return true;
}

void Requests::Answer(Asked& asked, bool pass, Time now) {
  asked.pass = pass;
  asked.until = now + limits_.paste_ms;
  const std::vector<Conversion> waiting = std::exchange(asked.waiting, {});
  waiting_ -= waiting.size();
  for (const Conversion& conversion : waiting) Deliver(conversion, pass, now);
}

void Requests::Deliver(const Conversion& conversion, bool pass, Time now) {
  const xcb_selection_request_event_t& event = conversion.event;
  const ClipTarget* const target = conversion.held.clip->Find(event.target);
  const bool there = pass && target != nullptr && target->bytes != nullptr;
  const bool written = there && transfers_.Write(event.requestor, event.property, *target, now);
  if (there && !written) ++refused_by_bounds_;
  Finish(conversion, written);
}

void Requests::OnTime(Time now) {
  for (auto it = asked_.begin(); it != asked_.end();) {
    if (now < it->second.until) {
      ++it;
    } else if (!it->second.pass) {
      Answer(it->second, false, now);
      ++it;
    } else {
      it = asked_.erase(it);
    }
  }
  transfers_.OnTime(now);
}

Requests::Time Requests::deadline() const {
  Time earliest = transfers_.deadline();
  for (const auto& [id, asked] : asked_) earliest = std::min(earliest, asked.until);
  return earliest;
}

void Requests::Finish(const Conversion& conversion, bool done) {
  if (!conversion.group) {
    Notify(conversion.event, done);
    return;
  }
  Group& group = *conversion.group;
  if (!done) group.pairs[conversion.index] = XCB_ATOM_NONE;
  if (--group.open > 0) return;
  // ICCCM 2.6.2: what failed is None in the list that comes back.
  display_.SetProperty(group.event.requestor, group.event.property, display_.Atom("ATOM_PAIR"), 32,
                       AsBytes(group.pairs));
  Notify(group.event, true);
}

void Requests::Notify(const xcb_selection_request_event_t& event, bool done) {
  xcb_selection_notify_event_t notify{};
  notify.response_type = XCB_SELECTION_NOTIFY;
  notify.time = event.time;
  notify.requestor = event.requestor;
  notify.selection = event.selection;
  notify.target = event.target;
  notify.property = done ? event.property : xcb_atom_t{XCB_ATOM_NONE};
  // XCB sends 32 bytes, whatever the event's own size.
  char bytes[32] = {};
  std::memcpy(bytes, &notify, sizeof notify);
  ::xcb_send_event(display_.raw(), 0, event.requestor, XCB_EVENT_MASK_NO_EVENT, bytes);
}

}  // namespace shoumi::session
