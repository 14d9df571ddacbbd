#include "agent/inspect/worker/part_feed.h"

#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// Length of the well-formed character at the start of `text` (RFC 3629, 4), 0 when there is none.
size_t CharacterLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string BoundedUtf8(std::string_view text, size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const std::string_view next = length == 0 ? "?" : text.substr(0, length);
    if (out.size() + next.size() > bytes_max) break;
    out.append(next);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void PartFeed::BeginPart(std::string_view part, v1::PartKind kind) {
  Close();
  const std::string name = BoundedUtf8(part, kPartNameBytesMax);
  scanner_.BeginPart(name, kind);
  if (show_ != nullptr) show_->BeginPart(name, kind);
  in_part_ = true;
}

void PartFeed::Text(std::string_view utf8) {
  if (!in_part_) return;
  scanner_.Block(utf8);
  if (show_ != nullptr) show_->Text(utf8);
}

void PartFeed::EndPart() {
  Close();
}

void PartFeed::Named(std::string_view part, std::string_view name, std::string_view media_type) {
  Close();
  scanner_.Named(BoundedUtf8(part, kPartNameBytesMax), name, media_type);
}

void PartFeed::Close() {
  if (in_part_) scanner_.EndPart();
  in_part_ = false;
}

void PartFeed::Unscanned(std::string_view part, v1::UnscannedReason reason,
                         std::string_view detail) {
  // The last entries are for what goes past the bound: one a reason, since the policy acts on each.
  const int listed = report_.unscanned_size() - static_cast<int>(omitted_.size());
  if (listed < kReportUnscannedMax - v1::UnscannedReason_ARRAYSIZE) {
    v1::Unscanned* added = report_.add_unscanned();
    added->set_part(BoundedUtf8(part, kPartNameBytesMax));
    added->set_reason(reason);
    added->set_detail(BoundedUtf8(detail, kDetailBytesMax));
    return;
  }
  Omitted& omitted = omitted_[reason];
  if (omitted.entry == nullptr) {
    omitted.entry = report_.add_unscanned();
    omitted.entry->set_reason(reason);
  }
  omitted.entry->set_detail(fmt::format("{} further parts", ++omitted.parts));
}

}  // namespace shoumi::inspect
