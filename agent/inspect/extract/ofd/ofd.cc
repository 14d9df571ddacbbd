#include "agent/inspect/extract/ofd/ofd.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "agent/inspect/extract/ofd/leftovers.h"
#include "agent/inspect/extract/ofd/page.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "agent/inspect/extract/zip/archive.h"
#include "agent/inspect/extract/zip/trailer.h"
#include "agent/inspect/extract/zip/zip_format.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeadOfMemberBytes = 4096;

// What a member is by the root of its XML; the order in which they are read.
enum class What : uint8_t { kInfo, kPage, kTemplate, kAnnotations, kResources, kOther };

What WhatIs(std::string_view root, std::string_view name) {
  if (root == "OFD" || root == "Document") return What::kInfo;
  if (root == "Page") return name.find("Tpl") == std::string::npos ? What::kPage : What::kTemplate;
  if (root == "PageAnnot") return What::kAnnotations;
  if (root == "Res") return What::kResources;
  // Extensions, lists of members: what they say is read as any XML.
  return What::kOther;
}

// Seals and signature values are DER (GM/T 0031, GM/T 0010): a sequence as long as the member.
bool IsDer(std::string_view head, uint64_t bytes) {
  if (head.size() < 4 || head[0] != '\x30') return false;
  const auto at = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(head[i])); };
  if (at(1) < 0x80) return at(1) + 2 == bytes;
  const size_t width = at(1) - 0x80;
  if (width == 0 || width > 4 || head.size() < 2 + width) return false;
  uint64_t length = 0;
  for (size_t i = 0; i < width; ++i) length = length << 8 | at(2 + i);
  return length + 2 + width == bytes;
}

bool IsByproduct(const ZipArchive::Entry& entry, std::string_view head) {
  const Signature* const signature = FindSignature(head);
  if (signature != nullptr) return signature->type.starts_with("font/");
  return entry.name.find("Signs/") != std::string::npos && IsDer(head, entry.bytes);
}

// Properties (7.4), and titles of the outline (7.9).
class InfoReader final : public XmlHandler {
 public:
  explicit InfoReader(Context& context) : parts_(context), leftovers_(parts_) {}
  void Finish() { parts_.Emit(); }
  void Start(std::string_view local, const XmlAttributes& attributes) override {
    if (local == "OutlineElem" || local == "Bookmark") {
      leftovers_.End();
      parts_.Append(parts_.Open("outline", v1::PART_KIND_PROPERTY, AsideParts::Naming::kJoined),
                    attributes.Get(local == "Bookmark" ? "Name" : "Title"));
    } else {
      leftovers_.Start(local, attributes);
    }
    constexpr std::string_view kTexts[] = {"Title",    "Author",  "Subject",
                                           "Abstract", "Keyword", "CustomData"};
    in_text_ = std::find(std::begin(kTexts), std::end(kTexts), local) != std::end(kTexts);
    if (!in_text_) return;
    part_ = parts_.Open("properties", v1::PART_KIND_PROPERTY, AsideParts::Naming::kJoined);
  }
  void End(std::string_view) override {
    in_text_ = false;
    leftovers_.End();
  }
  void Characters(std::string_view text) override {
    if (!in_text_) return leftovers_.Characters(text);
    parts_.Append(part_, text);
  }

 private:
  AsideParts parts_;
  OfdLeftovers leftovers_;
  bool in_text_ = false;
  size_t part_ = 0;
};

class OfdPackage {
 public:
  OfdPackage(ZipArchive& archive, Context& context) : archive_(archive), context_(context) {}

  void Read() {
    if (!Sort()) return;
    uint32_t pages = 0;
    for (const Member& member : members_) {
      if (!context_.InTime("")) return;
      if (member.what == What::kPage) ++pages;
      ReadMember(member, pages);
    }
  }

 private:
  struct Member {
    const ZipArchive::Entry* entry = nullptr;
    What what = What::kOther;
    uint64_t number = 0;  // the last in its name: 3 of Pages/Page_3/Content.xml
  };

  static uint64_t LastNumber(std::string_view name) {
    const size_t end = name.find_last_of("0123456789");
    if (end == std::string_view::npos) return 0;
    size_t start = end;
    while (start > 0 && name[start - 1] >= '0' && name[start - 1] <= '9') --start;
    uint64_t number = 0;
    for (const char c : name.substr(start, std::min<size_t>(end + 1 - start, 9))) {
      number = number * 10 + static_cast<uint64_t>(c - '0');
    }
    return number;
  }

  bool Sort() {
    for (const ZipArchive::Entry& entry : archive_.entries()) {
      if (!context_.SpendEntry("") || !context_.InTime("")) return false;
      if (!entry.folder() || entry.packed_bytes > 0) SortMember(entry);
    }
    std::stable_sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
      return a.what != b.what ? a.what < b.what : a.number < b.number;
    });
    return true;
  }

  void SortMember(const ZipArchive::Entry& entry) {
    const absl::StatusOr<std::unique_ptr<Source>> source = archive_.OpenEntry(entry, context_);
    if (!source.ok()) return ReportFailure(context_, entry.name, source.status(), false);
    std::array<char, kHeadOfMemberBytes> buffer;
    const absl::StatusOr<size_t> got = (*source)->ReadAt(0, buffer);
    if (!got.ok()) return ReportFailure(context_, entry.name, got.status(), false);
    const std::string_view head(buffer.data(), *got);
    if (head.empty() || IsByproduct(entry, head)) return;
    const std::string root = FindXmlRoot(**source, context_, entry.name).local;
    if (root == "Encryptions") {  // GM/T 0099
      return context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_ENCRYPTED,
                                     "encrypted OFD");
    }
    members_.push_back({&entry, WhatIs(root, entry.name), LastNumber(entry.name)});
  }

  void ReadMember(const Member& member, uint32_t pages) {
    const absl::StatusOr<std::unique_ptr<Source>> source =
        archive_.OpenEntry(*member.entry, context_);
    const std::string& name = member.entry->name;
    if (!source.ok()) return ReportFailure(context_, name, source.status(), false);
    switch (member.what) {
      case What::kOther:
        return context_.Nested(name, **source);
      case What::kInfo: {
        InfoReader reader(context_);
        const absl::Status status = ParseXml(**source, context_, reader);
        reader.Finish();
        return ReportFailure(context_, name, status, true);
      }
      case What::kPage:
        return ReadPage(name, fmt::format("page {}", pages),
                        pages == 1 ? v1::PART_KIND_FIRST_PAGE : v1::PART_KIND_BODY, **source);
      case What::kResources:
        // Names of fonts and the like are in the XML, text that is drawn is in lines.
        context_.Nested(name, **source);
        return ReadAgain(member);
      default:
        return ReadPage(name, fmt::format("template {}", member.number), v1::PART_KIND_HEADER,
                        **source);
    }
  }

  void ReadAgain(const Member& member) {
    const absl::StatusOr<std::unique_ptr<Source>> source =
        archive_.OpenEntry(*member.entry, context_);
    const std::string& name = member.entry->name;
    if (!source.ok()) return ReportFailure(context_, name, source.status(), false);
    ReadPage(name, fmt::format("resources {}", member.number), v1::PART_KIND_BODY, **source);
  }

  void ReadPage(const std::string& name, const std::string& part, v1::PartKind kind,
                Source& source) {
    OfdPageReader reader(context_, part, kind);
    const absl::Status status = ParseXml(source, context_, reader);
    reader.Finish();
    ReportFailure(context_, name, status, reader.saw_text());
  }

  ZipArchive& archive_;
  Context& context_;
  std::vector<Member> members_;
};

bool Detect(std::string_view head, Source& source) {
  return LooksLikeZip(head) && ZipHasEntry(source, "OFD.xml");
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(source);
  if (!archive.ok()) return ReportFailure(context, "", archive.status(), false);
  if (context.depth == 0) context.bytes_read = source.size();
  OfdPackage(**archive, context).Read();
  ExtractAroundArchive(**archive, source, context);
}

}  // namespace

const Format kOfdFormat = {"ofd", "application/ofd", Detect, Extract};

}  // namespace shoumi::inspect
