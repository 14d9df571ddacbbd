#include "agent/inspect/extract/ooxml/package.h"

#include <algorithm>
#include <array>

#include "agent/inspect/extract/ooxml/binary.h"
#include "agent/inspect/extract/ooxml/flow.h"
#include "agent/inspect/extract/ooxml/properties.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kPartNameBytesMax = 100;
constexpr uint64_t kPrinterSettingsBytesMax = 256 << 10;

// "word/header1.xml" → "header1".
std::string Stem(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  path = path.substr(0, path.rfind('.'));
  return std::string(Utf8Head(path, kPartNameBytesMax));
}

uint64_t NumberAtEnd(std::string_view stem) {
  const size_t letters = stem.find_last_not_of("0123456789");
  uint64_t number = 0;
  for (const char digit : stem.substr(letters + 1)) {
    if (number > 1'000'000) break;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number;
}

std::string PartNameFor(Root root, std::string_view path) {
  if (root == Root::kDocument) return "body";
  std::string stem = Stem(path);
  if (root == Root::kSlideNotes) return fmt::format("notes{}", NumberAtEnd(stem));
  if (root == Root::kDocumentProperties) return "properties";
  return stem;
}

// Written by programs about the machine, a picture of the document itself, or a font: no content.
// Names only say what it should be; what could be text or a document is read whatever its name.
bool IsByproduct(const ZipArchive::Entry& entry, std::string_view head,
                 const Signature* signature) {
  if (entry.name.starts_with("docProps/thumbnail.")) {
    return signature != nullptr && IsPicture(*signature);
  }
  if (signature != nullptr) return signature->type.starts_with("font/");
  const bool printer = entry.name.find("printerSettings") != std::string::npos &&
                       entry.bytes <= kPrinterSettingsBytesMax;
  // Fonts that are obfuscated (ECMA-376-1, 17.8.1) or compressed have no signature.
  const bool font = entry.name.ends_with(".odttf") || entry.name.ends_with(".fntdata");
  return (printer && head.find('\0') != std::string_view::npos) ||
         (font && DetectStart(head).charset == Charset::kBinary);
}

FlowOptions FlowOptionsFor(Root root, std::string part) {
  FlowOptions options;
  options.part = std::move(part);
  switch (root) {
    case Root::kDocument:
      options.first_page = true;
      break;
    case Root::kHeader:
    case Root::kSlideMaster:
      options.kind = v1::PART_KIND_HEADER;
      options.boxes_are_marks = root == Root::kHeader;
      break;
    case Root::kFooter:
      options.kind = v1::PART_KIND_FOOTER;
      options.boxes_are_marks = true;
      break;
    case Root::kSlideComments:
      options.text_elements = true;
      options.kind = v1::PART_KIND_COMMENT;
      break;
    case Root::kComments:
      options.kind = v1::PART_KIND_COMMENT;
      break;
    case Root::kSlideNotes:
      options.kind = v1::PART_KIND_NOTES;
      break;
    case Root::kExternalCells:
      options.kind = v1::PART_KIND_CELLS;
      options.value_elements = true;
      break;
    case Root::kChart:
      options.value_elements = true;
      break;
    case Root::kUnknown:
      options.kind = v1::PART_KIND_PROPERTY;
      options.everything = true;
      break;
    default:
      break;
  }
  return options;
}

}  // namespace

void PackageReader::Read() {
  if (!Sort()) return;
  for (const Member& member : members_) {
    if (!context_.InTime("")) return;
    ReadMember(member);
  }
  strings_.EmitUnused(context_);
}

bool PackageReader::Sort() {
  for (const ZipArchive::Entry& entry : archive_.entries()) {
    if (!context_.SpendEntry("") || !context_.InTime("")) return false;
    if (!entry.folder() || entry.packed_bytes > 0) SortMember(entry);
  }
  std::stable_sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    return a.root != b.root ? a.root < b.root : a.number < b.number;
  });
  const auto slide = std::find_if(members_.begin(), members_.end(),
                                  [](const Member& one) { return one.root == Root::kSlide; });
  if (slide != members_.end()) first_slide_ = slide->number;
  return true;
}

void PackageReader::SortMember(const ZipArchive::Entry& entry) {
  const absl::StatusOr<std::unique_ptr<Source>> source = archive_.OpenEntry(entry, context_);
  if (!source.ok()) {
    ReportFailure(context_, Stem(entry.name), source.status(), false);
    return;
  }
  std::array<char, 4096> buffer;
  const absl::StatusOr<size_t> got = (*source)->ReadAt(0, buffer);
  if (!got.ok()) {
    ReportFailure(context_, Stem(entry.name), got.status(), false);
    return;
  }
  const std::string_view head(buffer.data(), *got);
  if (head.empty()) return;
  Member member;
  member.entry = &entry;
  member.root = RootOf(FindXmlRoot(**source, context_, Stem(entry.name)).local);
  if (const auto binary = BinaryRootOf(head); member.root == Root::kNotXml && binary) {
    member.root = *binary;
    member.binary = true;
  }
  if (member.root == Root::kIgnored) return;
  const Signature* signature = FindSignature(head);
  if (member.root == Root::kNotXml && IsByproduct(entry, head, signature)) return;
  member.part = PartNameFor(member.root, entry.name);
  member.number = NumberAtEnd(Stem(entry.name));
  members_.push_back(std::move(member));
}

void PackageReader::ReadMember(const Member& member) {
  const absl::StatusOr<std::unique_ptr<Source>> source =
      archive_.OpenEntry(*member.entry, context_);
  if (!source.ok()) {
    ReportFailure(context_, member.part, source.status(), false);
  } else if (member.root == Root::kNotXml) {
    context_.Nested(member.entry->name, **source);
  } else if (member.binary) {
    ReportFailure(context_, member.part,
                  ReadBinaryPart(member.root, member.part, **source, context_, strings_), true);
  } else {
    ReadXml(member, **source);
  }
}

void PackageReader::ReadXml(const Member& member, Source& source) {
  const std::unique_ptr<PartReader> reader = ReaderFor(member);
  reader->Begin();
  const absl::Status status = ParseXml(source, context_, *reader);
  reader->Finish();
  ReportFailure(context_, member.part, status, reader->SawText());
}

std::unique_ptr<PartReader> PackageReader::ReaderFor(const Member& member) {
  switch (member.root) {
    case Root::kSheet:
      return std::make_unique<SheetReader>(context_, member.part, strings_);
    case Root::kSharedStrings:
      return std::make_unique<SharedStringsReader>(context_, strings_);
    case Root::kWorkbook:
      return std::make_unique<PropertyReader>(context_, "workbook", PropertySet::kWorkbook);
    case Root::kDocumentProperties:
      return std::make_unique<PropertyReader>(context_, member.part, PropertySet::kDocument);
    case Root::kSettings:
      return std::make_unique<PropertyReader>(context_, member.part, PropertySet::kSettings);
    case Root::kPivot:
      return std::make_unique<PropertyReader>(context_, member.part, PropertySet::kPivot);
    default:
      break;
  }
  FlowOptions options = FlowOptionsFor(member.root, member.part);
  if (member.root == Root::kSlide && member.number == first_slide_) {
    options.kind = v1::PART_KIND_FIRST_PAGE;
  }
  return std::make_unique<FlowReader>(context_, std::move(options));
}

}  // namespace shoumi::inspect
