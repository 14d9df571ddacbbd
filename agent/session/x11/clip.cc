#include "agent/session/x11/clip.h"

#include <algorithm>
#include <array>

namespace shoumi::session {
namespace {

constexpr std::array<std::string_view, 3> kPlainText{"UTF8_STRING", "text/plain;charset=utf-8",
                                                     "text/plain;charset=UTF-8"};
constexpr std::array<std::string_view, 7> kNoContent{
    "TARGETS", "MULTIPLE",         "TIMESTAMP",      "SAVE_TARGETS",
    "DELETE",  "INSERT_SELECTION", "INSERT_PROPERTY"};

constexpr std::array<std::string_view, 6> kDocuments{
    "text/html",     "text/rtf",      "application/rtf",
    "text/richtext", "text/uri-list", "x-special/gnome-copied-files"};

bool Among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

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

bool IsContent(std::string_view target) {
  return !target.empty() && !Among(kNoContent, target);
}

bool IsReadable(std::string_view target) {
  return Among(kPlainText, target) || Among(kDocuments, target) || target.starts_with("image/");
}

int FetchRank(std::string_view target) {
  if (Among(kPlainText, target)) return 0;
  if (target == "STRING" || target == "TEXT" || target == "COMPOUND_TEXT" ||
      target.starts_with("text/") || target.starts_with("x-special/")) {
    return 1;
  }
  if (target == "image/png") return 2;
  return target.starts_with("image/") ? 4 : 3;
}

}  // namespace shoumi::session
