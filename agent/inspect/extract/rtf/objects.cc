#include "agent/inspect/extract/rtf/objects.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <utility>

#include "agent/inspect/extract/ole2/object.h"
#include "agent/inspect/extract/rtf/destinations.h"
#include "agent/inspect/extract/rtf/tokens.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kTokensBetweenLooks = 4096;

// What a group for programs of before Word 97 holds: a metafile, mostly without a header of its own
// ([MS-WMF] 2.3.2.2, [MS-EMF] 2.3.4.2), a bitmap without one, or a picture.
bool IsOldPicture(std::string_view bytes) {
  constexpr std::string_view kStarts[] = {{"\x01\0\x09\0", 4},
                                          {"\x02\0\x09\0", 4},
                                          {"\xD7\xCD\xC6\x9A", 4},
                                          {"\x01\0\0\0", 4},
                                          {"\x28\0\0\0", 4}};
  const bool known = std::any_of(std::begin(kStarts), std::end(kStarts),
                                 [&](std::string_view start) { return bytes.starts_with(start); });
  const Signature* const signature = FindSignature(bytes);
  return bytes.empty() || known || (signature != nullptr && IsPicture(*signature));
}

class ObjectReader {
 public:
  ObjectReader(Source& source, Context& context) : context_(context), tokens_(source) {}

  void Read() {
    uint32_t tokens = 0;
    for (RtfToken token = tokens_.Next(); token.kind != RtfToken::Kind::kEnd;
         token = tokens_.Next()) {
      if (++tokens % kTokensBetweenLooks == 0 && !context_.InTime("")) return;
      if (!Take(token)) return;
    }
  }

 private:
  enum class What : uint8_t { kNone, kPicture, kObject };

  // False when a bound was passed, or the document has ended.
  bool Take(const RtfToken& token) {
    switch (token.kind) {
      case RtfToken::Kind::kOpen:
        ++depth_;
        return true;
      case RtfToken::Kind::kClose:
        return Close();
      case RtfToken::Kind::kWord:
        Word(token);
        return true;
      case RtfToken::Kind::kText:
        if (what_ != What::kNone && depth_ == at_) Hex(token.text);
        return true;
      default:
        return true;
    }
  }

  void Word(const RtfToken& token) {
    if (token.word == "bin") {
      const auto count = static_cast<uint64_t>(std::max(token.number, 0));
      const bool wanted = what_ != What::kNone && depth_ == at_;
      const uint64_t room = context_.limits.memory_object_bytes_max - bytes_.size();
      const uint64_t taken = wanted ? std::min(count, room) : 0;
      tokens_.Binary(taken, &bytes_);
      tokens_.Binary(count - taken, nullptr);
      oversize_ |= wanted && taken < count;
    } else if (token.word == "nonshppict" && old_ == 0) {
      old_ = depth_;
    } else if (what_ == What::kNone && (token.word == "pict" || token.word == "objdata")) {
      what_ = token.word == "pict" ? What::kPicture : What::kObject;
      at_ = depth_;
    }
  }

  void Hex(std::string_view figures) {
    for (const char c : figures) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      if (half_ < 0) {
        half_ = digit;
        continue;
      }
      if (bytes_.size() >= context_.limits.memory_object_bytes_max) {
        oversize_ = true;
        return;
      }
      bytes_.push_back(static_cast<char>(half_ * 16 + digit));
      half_ = -1;
    }
  }

  bool Close() {
    bool go_on = true;
    if (what_ != What::kNone && depth_ == at_) go_on = HandOn();
    if (old_ == depth_) old_ = 0;
    if (depth_ > 0) --depth_;
    return go_on && depth_ > 0;
  }

  bool HandOn() {
    const bool object = std::exchange(what_, What::kNone) == What::kObject;
    half_ = -1;
    std::string bytes;
    bytes.swap(bytes_);
    if (old_ != 0 && IsOldPicture(bytes)) {
      oversize_ = false;
      return true;
    }
    const std::string name =
        object ? fmt::format("object {}", ++objects_) : fmt::format("picture {}", ++pictures_);
    if (!context_.SpendEntry(name) || !context_.SpendBytes(bytes.size(), name)) return false;
    if (oversize_) {
      context_.sink.Unscanned(
          context_.PartName(name), v1::UNSCANNED_REASON_OVERSIZE,
          fmt::format("memory_object_bytes_max {}", context_.limits.memory_object_bytes_max));
      oversize_ = false;
    }
    if (object) {
      ReadOleObjectData(name, bytes, context_);
    } else {
      const auto content = MakeMemorySource(bytes);
      context_.Nested(name, *content);
    }
    return true;
  }

  Context& context_;
  RtfTokens tokens_;
  uint64_t depth_ = 0;
  What what_ = What::kNone;
  uint64_t at_ = 0;   // depth of the group that holds it
  uint64_t old_ = 0;  // depth of a group with a picture's old form; 0: none
  int half_ = -1;
  std::string bytes_;
  bool oversize_ = false;
  uint32_t objects_ = 0;
  uint32_t pictures_ = 0;
};

}  // namespace

void ReadRtfObjects(Source& source, Context& context) {
  ObjectReader(source, context).Read();
}

}  // namespace shoumi::inspect
