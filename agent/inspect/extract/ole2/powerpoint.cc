#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {
namespace {

// [MS-PPT] 2.13.24
enum : uint16_t {
  kSlide = 0x03EE,
  kNotes = 0x03F0,
  kSlidePersist = 0x03F3,
  kMainMaster = 0x03F8,
  kHandout = 0x0FC9,
  kTextChars = 0x0FA0,
  kTextBytes = 0x0FA8,
  kCString = 0x0FBA,
  kHeadersFooters = 0x0FD9,
  kSlideList = 0x0FF0,
  kUserEdit = 0x0FF5,
  kTableStyles = 0x0428,
  kComment = 0x2EE0,
  kCryptSession = 0x2F14,
};
constexpr size_t kHeadBytes = 8;
constexpr size_t kSectorBytes = 512;
constexpr uint32_t kEncryptedToken = 0xF3D1C4DF;  // CurrentUserAtom.headerToken (2.3.2)
constexpr uint32_t kEncryptedUserEditBytes = 32;  // 28, and the reference to a crypt session
constexpr uint16_t kArtOptions = 0xF00B;

// Where records go on behind room that was left between them: at a sector, as programs write, or at
// the first byte that is not zero.
size_t BehindZeros(std::string_view records, size_t at) {
  const size_t next = std::min(records.find_first_not_of('\0', at), records.size());
  const size_t sector = next / kSectorBytes * kSectorBytes;
  return sector > at ? sector : next;
}

class SlidesReader {
 public:
  explicit SlidesReader(Context& context) : context_(context) {}

  absl::Status Read(std::string_view records);

 private:
  enum Place : size_t { kFirst, kBody, kMasters, kNotesText, kFooters, kComments, kOther, kPlaces };
  struct Container {
    size_t end;
    Place place;
  };

  [[nodiscard]] Place PlaceOf(uint16_t type, uint32_t instance, Place outer);
  void TakeAtom(uint16_t type, std::string_view head, std::string_view bytes, Place place);
  void Emit();

  Context& context_;
  std::array<std::string, kPlaces> texts_;
  uint32_t slides_ = 0;
  uint32_t listed_ = 0;
};

SlidesReader::Place SlidesReader::PlaceOf(uint16_t type, uint32_t instance, Place outer) {
  switch (type) {
    case kSlide:
      return ++slides_ == 1 ? kFirst : kBody;
    case kSlideList:  // of slides, masters, notes (2.4.14.3)
      return instance == 1 ? kMasters : instance == 2 ? kNotesText : kBody;
    case kNotes:
      return kNotesText;
    case kMainMaster:
    case kHandout:
      return kMasters;
    case kHeadersFooters:
      return kFooters;
    case kComment:
      return kComments;
    default:
      return outer;
  }
}

void SlidesReader::TakeAtom(uint16_t type, std::string_view head, std::string_view bytes,
                            Place place) {
  if (type == kTextChars || type == kCString) {
    texts_[place] += FromWide(bytes) + '\n';
  } else if (type == kTextBytes) {
    texts_[place] += FromNarrow(bytes, false) + '\n';
  } else if (type == kArtOptions) {
    texts_[place] += ArtText(std::string(head) + std::string(bytes));
  } else if (type == kTableStyles && context_.SpendEntry("")) {
    // Marked as a container, it holds a package of the newer format.
    const auto source = MakeMemorySource(bytes);
    context_.Nested("table styles", *source);
  }
}

void SlidesReader::Emit() {
  static constexpr struct {
    std::string_view part;
    v1::PartKind kind;
  } kParts[kPlaces] = {{"slide1", v1::PART_KIND_FIRST_PAGE},    {"slides", v1::PART_KIND_BODY},
                       {"slideMaster", v1::PART_KIND_HEADER},   {"notes", v1::PART_KIND_NOTES},
                       {"footer", v1::PART_KIND_FOOTER},        {"comments", v1::PART_KIND_COMMENT},
                       {"presentation", v1::PART_KIND_PROPERTY}};
  for (size_t i = 0; i < kPlaces; ++i) {
    std::string& text = texts_[i];
    for (char& c : text) {
      if (c == '\r' || c == '\v') c = '\n';  // ends of paragraphs and lines
    }
    EmitPart(context_, kParts[i].part, kParts[i].kind, text);
  }
}

absl::Status SlidesReader::Read(std::string_view records) {
  if (records.size() < kHeadBytes || LittleAt(records, 0, 4) == 0) {
    return absl::DataLossError("presentation without records");
  }
  std::vector<Container> open;
  bool damaged = false;
  for (size_t at = 0; at + kHeadBytes <= records.size() && context_.InTime("");) {
    while (!open.empty() && at >= open.back().end) open.pop_back();
    const std::string_view head = records.substr(at, kHeadBytes);
    if (open.empty() && head == std::string_view("\0\0\0\0\0\0\0\0", kHeadBytes)) {
      at = BehindZeros(records, at);
      continue;
    }
    const uint32_t version = LittleAt(head, 0, 2);
    const auto type = static_cast<uint16_t>(LittleAt(head, 2, 2));
    const uint32_t size = LittleAt(head, 4, 4);
    at += kHeadBytes;
    if (type == kCryptSession || (type == kUserEdit && size == kEncryptedUserEditBytes)) {
      return absl::PermissionDeniedError("encrypted presentation");
    }
    // What reaches beyond its container is no record: what follows the container is read.
    const size_t end = open.empty() ? records.size() : open.back().end;
    if (size > end - std::min(at, end)) {
      damaged = true;
      at = std::max(at, end);
      continue;
    }
    const Place outer = open.empty() ? kOther : open.back().place;
    if ((version & 0xF) == 0xF && type != kTableStyles) {
      // What lies deeper than this counts as what is around it.
      constexpr size_t kDepthMax = 64;
      if (open.size() < kDepthMax) open.push_back({at + size, PlaceOf(type, version >> 4, outer)});
      continue;
    }
    // The list names a slide before its texts.
    if (type == kSlidePersist && (outer == kBody || outer == kFirst)) {
      open.back().place = ++listed_ == 1 ? kFirst : kBody;
    }
    TakeAtom(type, head, SliceAt(records, at, size), outer);
    at += size;
  }
  Emit();
  if (damaged) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            "damaged presentation");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadPowerPoint(CompoundFile& file, const CompoundFile::Stream& stream,
                            Context& context) {
  if (const CompoundFile::Stream* const user = file.Find("Current User")) {
    const absl::StatusOr<std::string> atom = file.Read(*user, 0, 16);
    if (atom.ok() && LittleAt(*atom, 12, 4) == kEncryptedToken) {
      return absl::PermissionDeniedError("encrypted presentation");
    }
  }
  const absl::StatusOr<std::string> bytes = ReadStream(file, stream, context);
  if (!bytes.ok()) return bytes.status();
  return SlidesReader(context).Read(*bytes);
}

}  // namespace shoumi::inspect
