#pragma once

#include <sys/types.h>
#include <xcb/xcb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/session/guard/stored_bytes.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::session {

// One kind of content that was copied, as its owner gave it.
struct ClipTarget {
  xcb_atom_t atom = XCB_ATOM_NONE;
  std::string name;
  xcb_atom_t type = XCB_ATOM_NONE;
  uint8_t format = 8;
  std::shared_ptr<const StoredBytes> bytes;  // null: not had; equal ones are shared
  // Why it was not had, if it was not the owner that refused it.
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
};

// Everything of one copy.
struct Clip {
  pid_t source = 0;
  std::vector<ClipTarget> targets;  // in the owner's order
  // Of the copy as a whole: UNSPECIFIED when everything the owner gives was had.
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;

  [[nodiscard]] const ClipTarget* Find(xcb_atom_t atom) const;
  // The text of the copy in an encoding that every inspector reads; null when there is none.
  [[nodiscard]] const ClipTarget* PlainText() const;
  [[nodiscard]] bool SameContent(const Clip& other) const;
};

}  // namespace shoumi::session
