#include "agent/inspect/extract/ofd/leftovers.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kWholeFiguresMax = 7;  // of a coordinate, or a number of an object
constexpr size_t kDocIdBytes = 32;      // a UUID (7.4)

bool IsFigure(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// White space, coordinates, paths (9.3), dates: no number before a point is long.
bool IsGeometry(std::string_view text) {
  size_t figures = 0;
  bool fraction = false;
  for (const char c : text) {
    if (IsFigure(c)) {
      if (!fraction && ++figures > kWholeFiguresMax) return false;
      continue;
    }
    figures = 0;
    fraction = c == '.';
    if (std::string_view(" \t\r\n.,-+:TZMLQBASCeE").find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool IsDocId(std::string_view text) {
  return text.size() == kDocIdBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

void OfdLeftovers::Start(std::string_view local, const XmlAttributes& attributes) {
  End();
  Put("links", attributes.Get("URI"));
  Put("links", attributes.Get("Base"));
  for (const char* name : {"Name", "Title", "Creator"}) {
    Put(local == "CustomData" ? "names of properties" : "other", attributes.Get(name));
  }
}

void OfdLeftovers::Characters(std::string_view text) {
  if (!other_ && (IsGeometry(text) || IsDocId(text))) return;
  if (!other_) other_ = parts_.Open("other", v1::PART_KIND_BODY, AsideParts::Naming::kJoined);
  parts_.Append(*other_, text);
}

void OfdLeftovers::Put(std::string_view part, std::string_view text) {
  if (text.empty()) return;
  parts_.Append(parts_.Open(part, v1::PART_KIND_BODY, AsideParts::Naming::kJoined), text);
}

}  // namespace shoumi::inspect
