#include "agent/session/x11/clip.h"

#include <algorithm>

#include "agent/session/guard/targets.h"

namespace shoumi::session {

const ClipTarget* Clip::Find(xcb_atom_t atom) const {
  const auto it =
      std::ranges::find_if(targets, [&](const ClipTarget& t) { return t.atom == atom; });
  return it == targets.end() ? nullptr : &*it;
}

const ClipTarget* Clip::PlainText() const {
  for (const std::string_view name : kPlainText) {
    for (const ClipTarget& target : targets) {
      if (target.name == name && target.bytes) return &target;
    }
  }
  return nullptr;
}

bool Clip::SameContent(const Clip& other) const {
  const ClipTarget* const mine = PlainText();
  const ClipTarget* const theirs = other.PlainText();
  // Who takes content over often keeps its text alone.
  if (mine != nullptr && theirs != nullptr) return mine->bytes->Equals(*theirs->bytes);
  if (targets.size() != other.targets.size()) return false;
  for (const ClipTarget& target : targets) {
    const ClipTarget* const twin = other.Find(target.atom);
    if (twin == nullptr || (target.bytes == nullptr) != (twin->bytes == nullptr)) return false;
    if (target.bytes && !target.bytes->Equals(*twin->bytes)) return false;
  }
  return true;
}

}  // namespace shoumi::session
