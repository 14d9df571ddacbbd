#include "agent/session/x11/fetch.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "agent/session/guard/targets.h"

namespace shoumi::session {
namespace {

constexpr uint64_t kAtomBytes = sizeof(xcb_atom_t);
constexpr uint64_t kPiecesAlone = 4;  // an INCR property holds one number

}  // namespace

Fetch::Fetch(Display& display, const GuardLimits& limits, xcb_atom_t selection,
             xcb_timestamp_t owned_since, pid_t source, Time now)
    : display_(display),
      limits_(limits),
      selection_(selection),
      owned_since_(owned_since),
      window_(display.MakeWindow()),
      end_at_(now + limits.fetch_ms_max) {
  clip_.source = source;
  Ask(display_.Atom("TARGETS"), now);
}

Fetch::~Fetch() {
  if (unanswered_ > 0) {
    display_.Retire(window_);
  } else {
    ::xcb_destroy_window(display_.raw(), window_);
  }
}

// The property is named like the target, so that answers that come late go where nobody looks.
void Fetch::Ask(xcb_atom_t target, Time now) {
  ::xcb_convert_selection(display_.raw(), window_, selection_, target, target, owned_since_);
  sign_until_ = now + limits_.owner_ms_max;
  ++unanswered_;
}

void Fetch::OnSelectionNotify(const xcb_selection_notify_event_t& event, Time now) {
  if (event.selection != selection_) return;
  if (unanswered_ > 0) --unanswered_;
  const xcb_atom_t targets = display_.Atom("TARGETS");
  if (stage_ == Stage::kTargets && event.target == targets) {
    Property property;
    if (event.property != XCB_ATOM_NONE) {
      property = display_.TakeProperty(window_, targets, (limits_.targets_max + 1) * kAtomBytes);
    }
    TakeTargets(property, now);
  } else if (stage_ == Stage::kAsked && event.target == current().atom) {
    if (event.property == XCB_ATOM_NONE) {
      EndTarget(v1::UNSCANNED_REASON_UNSPECIFIED, now);
    } else {
      TakeContent(now);
    }
  }
}

void Fetch::TakeTargets(const Property& property, Time now) {
  std::vector<xcb_atom_t> atoms;
  if (property.type == XCB_ATOM_NONE) {
    // Owners from before ICCCM know no TARGETS.
    atoms = {display_.Atom("UTF8_STRING"), XCB_ATOM_STRING};
  } else if (property.format == 32) {
    if (property.total_bytes > limits_.targets_max * kAtomBytes) {
      clip_.reason = v1::UNSCANNED_REASON_TOO_MANY;
    }
    atoms.resize(std::min<size_t>(property.bytes.size() / kAtomBytes, limits_.targets_max));
    std::memcpy(atoms.data(), property.bytes.data(), atoms.size() * kAtomBytes);
  } else {
    clip_.reason = v1::UNSCANNED_REASON_CORRUPT;
  }
  AddTargets(std::move(atoms));
  AskNext(now);
}

void Fetch::AddTargets(std::vector<xcb_atom_t> atoms) {
  std::vector<std::string> names = display_.AtomNames(atoms);
  for (size_t i = 0; i < atoms.size(); ++i) {
    if (!IsContent(names[i]) || clip_.Find(atoms[i]) != nullptr) continue;
    ClipTarget target;
    target.atom = atoms[i];
    target.name = std::move(names[i]);
    clip_.targets.push_back(std::move(target));
  }
  order_.resize(clip_.targets.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::ranges::stable_sort(order_, {}, [&](size_t i) { return FetchRank(clip_.targets[i].name); });
}

void Fetch::AskNext(Time now) {
  bytes_.reset();
  if (next_ == order_.size()) {
    Finish(v1::UNSCANNED_REASON_UNSPECIFIED);
    return;
  }
  ++next_;
  auto made = StoredBytes::Make();
  if (!made.ok()) {
    stage_ = Stage::kAsked;
    Finish(v1::UNSCANNED_REASON_OVERLOADED);
    return;
  }
  bytes_ = *std::move(made);
  stage_ = Stage::kAsked;
  Ask(current().atom, now);
}

uint64_t Fetch::RoomBytes() const {
  const uint64_t whole =
      limits_.selection_bytes_max - std::min(had_bytes_, limits_.selection_bytes_max);
  const uint64_t one =
      limits_.target_bytes_max - std::min(bytes_->size(), limits_.target_bytes_max);
  return std::min(whole, one);
}

void Fetch::TakeContent(Time now) {
  ClipTarget& target = current();
  const Property property =
      display_.TakeProperty(window_, target.atom, std::max(RoomBytes(), kPiecesAlone));
  if (property.type == XCB_ATOM_NONE) {
    // It says that it wrote, and did not.
    EndTarget(v1::UNSCANNED_REASON_CORRUPT, now);
  } else if (property.type == display_.Atom("INCR")) {
    // The size it announces is a promise that nobody need keep (ICCCM 2.7.2). Taking the property
    // began the transfer.
    stage_ = Stage::kPieces;
    ++unanswered_;
    sign_until_ = now + limits_.owner_ms_max;
  } else if (property.total_bytes > RoomBytes()) {
    ::xcb_delete_property(display_.raw(), window_, target.atom);
    EndTarget(v1::UNSCANNED_REASON_OVERSIZE, now);
  } else {
    target.type = property.type;
    target.format = property.format;
    const bool kept = bytes_->Append(property.bytes).ok();
    had_bytes_ += property.bytes.size();
    if (kept) target.bytes = bytes_;
    EndTarget(kept ? v1::UNSCANNED_REASON_UNSPECIFIED : v1::UNSCANNED_REASON_OVERLOADED, now);
  }
}

void Fetch::OnPropertyNew(xcb_atom_t property, Time now) {
  if (stage_ != Stage::kPieces || property != current().atom) return;
  // One more than there is room for, so that the end is seen where it fits exactly.
  TakePiece(display_.TakeProperty(window_, property, RoomBytes()), now);
}

void Fetch::TakePiece(const Property& property, Time now) {
  if (property.type == XCB_ATOM_NONE) return;  // seen before
  ClipTarget& target = current();
  if (property.total_bytes > RoomBytes()) {
    EndTarget(v1::UNSCANNED_REASON_OVERSIZE, now);
    return;
  }
  const bool first = target.type == XCB_ATOM_NONE;
  if (!first && property.total_bytes > 0 &&
      (property.type != target.type || property.format != target.format)) {
    EndTarget(v1::UNSCANNED_REASON_CORRUPT, now);
    return;
  }
  if (first) {
    target.type = property.type;
    target.format = property.format;
  }
  if (property.total_bytes == 0) {
    --unanswered_;
    target.bytes = bytes_;
    EndTarget(v1::UNSCANNED_REASON_UNSPECIFIED, now);
    return;
  }
  if (!bytes_->Append(property.bytes).ok()) {
    EndTarget(v1::UNSCANNED_REASON_OVERLOADED, now);
    return;
  }
  had_bytes_ += property.bytes.size();
  sign_until_ = now + limits_.owner_ms_max;
}

void Fetch::EndTarget(v1::UnscannedReason reason, Time now) {
  ClipTarget& target = current();
  target.reason = reason;
  if (reason != v1::UNSCANNED_REASON_UNSPECIFIED) {
    target.bytes.reset();
    clip_.reason = reason;
  }
  if (target.bytes && !bytes_->Seal().ok()) target.bytes.reset();
  if (target.bytes) {
    for (const ClipTarget& other : clip_.targets) {
      if (&other == &target || !other.bytes || !other.bytes->Equals(*target.bytes)) continue;
      target.bytes = other.bytes;
      break;
    }
  }
  AskNext(now);
}

void Fetch::OnTime(Time now) {
  if (done() || now < deadline()) return;
  if (now >= end_at_ || stage_ == Stage::kTargets) {
    Finish(v1::UNSCANNED_REASON_TIMEOUT);
    return;
  }
  EndTarget(v1::UNSCANNED_REASON_TIMEOUT, now);
}

void Fetch::OnOwnerGone() {
  if (!done()) Finish(v1::UNSCANNED_REASON_PARTIAL);
}

void Fetch::Finish(v1::UnscannedReason reason) {
  if (reason != v1::UNSCANNED_REASON_UNSPECIFIED) {
    clip_.reason = reason;
    const size_t from = stage_ == Stage::kTargets ? next_ : std::max<size_t>(next_, 1) - 1;
    for (size_t i = from; i < order_.size(); ++i) {
      clip_.targets[order_[i]].reason = reason;
      clip_.targets[order_[i]].bytes.reset();
    }
  }
  bytes_.reset();
  stage_ = Stage::kDone;
}

Clip Fetch::Take() {
  // What the owner itself would refuse is refused without it, too, and not offered.
  std::erase_if(clip_.targets, [](const ClipTarget& target) {
    return !target.bytes && target.reason == v1::UNSCANNED_REASON_UNSPECIFIED;
  });
  return std::move(clip_);
}

}  // namespace shoumi::session
