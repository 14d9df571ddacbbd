#include "agent/inspect/extract/pdf/pdf.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agent/inspect/extract/pdf/forms.h"
#include "agent/inspect/extract/read_whole.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"
#include "poppler-document.h"
#include "poppler-embedded-file.h"
#include "poppler-global.h"
#include "poppler-page.h"
#include "poppler-toc.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kOutlineDepthMax = 32;
constexpr uint32_t kOutlineItemsMax = 20'000;
constexpr size_t kMarkLookBytes = 1024;  // readers find "%PDF-" anywhere in the first kilobyte

// What poppler complained about so far; its messages may quote the document and go nowhere. One
// counter for the process, since poppler has one place for the function.
uint64_t& Errors() {
  static uint64_t errors = 0;
  return errors;
}
void CountError(const std::string&, void*) {
  ++Errors();
}

std::string ToUtf8(const poppler::ustring& text) {
  const poppler::byte_array bytes = text.to_utf8();
  std::string_view view(bytes.data(), bytes.size());
  while (view.ends_with('\0')) view.remove_suffix(1);
  return RepairUtf8(view);
}

// Image XObjects (ISO 32000-1, 8.9.5). They are streams, so their dictionaries are never packed.
size_t CountPictures(std::string_view pdf) {
  constexpr std::string_view kKey = "/Subtype";
  size_t count = 0;
  for (size_t at = pdf.find(kKey); at != std::string_view::npos; at = pdf.find(kKey, at)) {
    at = std::min(pdf.find_first_not_of(" \t\r\n", at + kKey.size()), pdf.size());
    if (pdf.substr(at).starts_with("/Image")) ++count;
  }
  return count;
}

class PdfReader {
 public:
  PdfReader(const poppler::document& document, Context& context)
      : document_(document), context_(context) {}

  void Read() {
    ReadProperties();
    ReadPages();
    ReadOutline();
    ReadEmbedded();
  }

 private:
  void ReadProperties();
  void ReadPages();
  bool ReadPage(int index);
  void ReportPagesWithoutText();
  void ReadOutline();
  void AddOutline(const poppler::toc_item& item, uint32_t depth, std::string& text);
  void ReadEmbedded();

  const poppler::document& document_;
  Context& context_;
  uint32_t outline_items_ = 0;
  bool outline_too_deep_ = false;
  std::vector<int> without_text_;  // ascending
  int damaged_ = 0;
};

void PdfReader::ReadProperties() {
  std::string text;
  for (const std::string& key : document_.info_keys()) {
    if (key == "CreationDate" || key == "ModDate" || key == "Trapped" || key == "Producer")
      continue;
    const std::string value = ToUtf8(document_.info_key(key));
    if (value.empty()) continue;
    const bool standard = key == "Title" || key == "Author" || key == "Subject" ||
                          key == "Keywords" || key == "Creator";
    text += standard ? value : fmt::format("{}: {}", RepairUtf8(key), value);
    text.push_back('\n');
  }
  EmitPart(context_, "properties", v1::PART_KIND_PROPERTY, text);
}

void PdfReader::ReadPages() {
  const int pages = document_.pages();
  for (int i = 0; i < std::min(pages, kPdfPagesMax); ++i) {
    if (!ReadPage(i)) return;
  }
  if (pages > kPdfPagesMax) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_TOO_MANY,
                            fmt::format("pdf_pages_max {}", kPdfPagesMax));
  }
  if (pages <= 0 || damaged_ == pages) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_CORRUPT,
                            "no page can be read");
  } else if (damaged_ > 0) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            fmt::format("{} of {} pages are damaged", damaged_, pages));
  }
  ReportPagesWithoutText();
}

// Scans and drawings; a blank page looks the same from here. One gap a run of pages.
void PdfReader::ReportPagesWithoutText() {
  for (size_t i = 0; i < without_text_.size();) {
    size_t end = i + 1;
    while (end < without_text_.size() && without_text_[end] == without_text_[end - 1] + 1) ++end;
    const int first = without_text_[i] + 1;
    const int last = without_text_[end - 1] + 1;
    const std::string part =
        first == last ? fmt::format("page {}", first) : fmt::format("pages {}-{}", first, last);
    context_.sink.Unscanned(context_.PartName(part), v1::UNSCANNED_REASON_UNSUPPORTED,
                            "picture or blank: no text");
    i = end;
  }
}

bool PdfReader::ReadPage(int index) {
  const std::string part = fmt::format("page {}", index + 1);
  if (!context_.InTime(part)) return false;
  const uint64_t errors_before = Errors();
  const std::unique_ptr<poppler::page> page(document_.create_page(index));
  if (page == nullptr) {
    ++damaged_;
    return true;
  }
  // Everything on the page: poppler's default rectangle is the crop box before rotation.
  constexpr double kFar = 1e6;
  const std::string text = ToUtf8(page->text(poppler::rectf(-kFar, -kFar, 2 * kFar, 2 * kFar),
                                             poppler::page::non_raw_non_physical_layout));
  if (!context_.SpendBytes(text.size(), part)) return false;
  if (text.find_first_not_of(" \t\r\n\f") == std::string::npos) {
    if (Errors() > errors_before) {
      ++damaged_;
    } else {
      without_text_.push_back(index);
    }
    return true;
  }
  EmitPart(context_, part, index == 0 ? v1::PART_KIND_FIRST_PAGE : v1::PART_KIND_BODY, text);
  return true;
}

void PdfReader::AddOutline(const poppler::toc_item& item, uint32_t depth, std::string& text) {
  if (depth > kOutlineDepthMax) outline_too_deep_ = true;
  if (depth > kOutlineDepthMax || ++outline_items_ > kOutlineItemsMax) return;
  text += ToUtf8(item.title());
  text.push_back('\n');
  for (const poppler::toc_item* child : item.children()) AddOutline(*child, depth + 1, text);
}

void PdfReader::ReadOutline() {
  const std::unique_ptr<poppler::toc> toc(document_.create_toc());
  if (toc == nullptr || toc->root() == nullptr) return;
  std::string text;
  for (const poppler::toc_item* item : toc->root()->children()) AddOutline(*item, 0, text);
  EmitPart(context_, "outline", v1::PART_KIND_BODY, text);
  if (outline_items_ > kOutlineItemsMax) {
    context_.sink.Unscanned(context_.PartName("outline"), v1::UNSCANNED_REASON_TOO_MANY,
                            fmt::format("outline_items_max {}", kOutlineItemsMax));
  }
  if (outline_too_deep_) {
    context_.sink.Unscanned(context_.PartName("outline"), v1::UNSCANNED_REASON_TOO_DEEP,
                            fmt::format("outline_depth_max {}", kOutlineDepthMax));
  }
}

void PdfReader::ReadEmbedded() {
  if (!document_.has_embedded_files()) return;
  for (poppler::embedded_file* file : document_.embedded_files()) {
    if (!context_.SpendEntry("") || !context_.InTime("")) return;
    const std::string name = DecodeName(file->name());
    if (!file->is_valid()) {
      context_.sink.Unscanned(context_.PartName(name), v1::UNSCANNED_REASON_CORRUPT,
                              "damaged embedded file");
      continue;
    }
    const poppler::byte_array data = file->data();
    if (!context_.SpendBytes(data.size(), name)) return;
    const auto source = MakeMemorySource({data.data(), data.size()});
    context_.Nested(name, *source);
  }
}

bool Detect(std::string_view head, Source&) {
  return head.substr(0, kMarkLookBytes).find("%PDF-") != std::string_view::npos;
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::string> bytes = ReadWhole(source, context);
  if (!bytes.ok()) {
    ReportFailure(context, "", bytes.status(), false);
    return;
  }
  if (context.depth == 0) context.bytes_read = bytes->size();
  poppler::set_debug_error_function(CountError, nullptr);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(bytes->data(), static_cast<int>(bytes->size())));
  if (document == nullptr) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_CORRUPT, "damaged pdf");
  } else if (document->is_locked()) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_ENCRYPTED, "encrypted pdf");
  } else {
    PdfReader(*document, context).Read();
    ReadPdfForms(*bytes, kPdfPagesMax, context);
    if (const size_t pictures = CountPictures(*bytes); pictures > 0) {
      context.sink.Unscanned(context.PartName("pictures"), v1::UNSCANNED_REASON_UNSUPPORTED,
                             fmt::format("{} pictures", pictures));
    }
  }
}

}  // namespace

const Format kPdfFormat = {"pdf", "application/pdf", Detect, Extract};

}  // namespace shoumi::inspect
