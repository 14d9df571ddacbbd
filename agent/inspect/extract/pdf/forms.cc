#include "agent/inspect/extract/pdf/forms.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/pdf/object.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kAnnotationsMax = 100'000;  // of a document, fields included
constexpr size_t kDepthMax = 64;
constexpr size_t kObjectsBetweenLooks = 64;

void FormsDamaged(Context& context) {
  context.sink.Unscanned(context.PartName("annotations"), v1::UNSCANNED_REASON_PARTIAL,
                         "annotations and forms of a damaged pdf");
}

class FormReader {
 public:
  FormReader(PdfObjects& pdf, int pages_max, Context& context)
      : pdf_(pdf), pages_max_(pages_max), context_(context), parts_(context) {}

  void Read() {
    const PdfObject root = pdf_.Root();
    Pages(root.Key("/Pages"), 0);
    const PdfObject form = root.Key("/AcroForm");
    if (form.IsDictionary()) {
      Fields(form.Key("/Fields"), 0);
      Xfa(form.Key("/XFA"));
    }
    parts_.Emit();
    if (count_ > kAnnotationsMax) {
      context_.sink.Unscanned(context_.PartName("annotations"), v1::UNSCANNED_REASON_TOO_MANY,
                              fmt::format("pdf_annotations_max {}", kAnnotationsMax));
    }
    if (too_deep_) {
      context_.sink.Unscanned(context_.PartName("annotations"), v1::UNSCANNED_REASON_TOO_DEEP,
                              fmt::format("pdf_depth_max {}", kDepthMax));
    }
    if (pdf_.TakeFailed() || damaged_) FormsDamaged(context_);
    for (const std::string& bytes : xfa_) {
      if (!context_.SpendEntry("xfa") || !context_.SpendBytes(bytes.size(), "xfa")) return;
      const auto source = MakeMemorySource(bytes);
      context_.Nested("xfa", *source);
    }
  }

 private:
  // Whether an object is to be read: the first time it is met, within the bounds.
  bool Enter(const PdfObject& object, size_t depth) {
    const auto id = object.Id();
    if (stopped_ || (id && !seen_.insert(*id).second)) return false;
    if (depth > kDepthMax) {
      too_deep_ = true;
      return false;
    }
    if (++looked_at_ % kObjectsBetweenLooks == 0 && !context_.InTime("")) stopped_ = true;
    return !stopped_;
  }

  void Pages(const PdfObject& node, size_t depth) {
    if (!node.IsDictionary() || !Enter(node, depth)) return;
    const PdfObject kids = node.Key("/Kids");
    if (kids.IsArray()) {
      const int count = kids.Items();
      for (int i = 0; i < count && pages_ < pages_max_ && !stopped_; ++i) {
        Pages(kids.Item(i), depth + 1);
      }
      return;
    }
    ++pages_;
    const PdfObject annotations = node.Key("/Annots");
    if (!annotations.IsArray()) return;
    const int count = annotations.Items();
    for (int i = 0; i < count && !stopped_; ++i) Annotation(annotations.Item(i));
  }

  void Annotation(const PdfObject& annotation) {
    if (!annotation.IsDictionary()) return;
    if (++count_ > kAnnotationsMax) stopped_ = true;
    if (stopped_) return;
    for (const char* key : {"/Contents", "/Subj"}) {
      Add("annotations", v1::PART_KIND_COMMENT, annotation.Key(key));
    }
    Add("annotations", v1::PART_KIND_COMMENT, annotation.Key("/A").Key("/URI"));
    // Fields are met again in the form, or only here.
    if (annotation.Has("/FT") || annotation.Has("/V")) Fields(annotation, 0);
  }

  // A field, or an array of them.
  void Fields(const PdfObject& field, size_t depth) {
    if (field.IsArray()) {
      if (!Enter(field, depth)) return;
      const int count = field.Items();
      for (int i = 0; i < count && !stopped_; ++i) Fields(field.Item(i), depth + 1);
      return;
    }
    if (!field.IsDictionary() || !Enter(field, depth)) return;
    if (++count_ > kAnnotationsMax) stopped_ = true;
    for (const char* key : {"/TU", "/V", "/DV", "/Opt"}) {
      Add("form", v1::PART_KIND_BODY, field.Key(key));
    }
    Fields(field.Key("/Kids"), depth + 1);
  }

  // Texts, also several in an array or, of choices, with what each is shown as.
  void Add(std::string_view part, v1::PartKind kind, const PdfObject& value, size_t depth = 0) {
    if (value.IsString()) {
      std::string text = RepairUtf8(value.Text());
      std::replace(text.begin(), text.end(), '\r', '\n');
      if (!text.empty()) parts_.Append(parts_.Open(part, kind, AsideParts::Naming::kJoined), text);
    } else if (value.IsStream()) {
      xfa_.push_back(Bytes(value));
    } else if (value.IsArray() && depth < 2) {
      const int count = value.Items();
      for (int i = 0; i < count && !stopped_; ++i) Add(part, kind, value.Item(i), depth + 1);
    }
  }

  // One stream, or names and streams in turn, which are pieces of one XML.
  void Xfa(const PdfObject& xfa) {
    if (xfa.IsStream()) xfa_.push_back(Bytes(xfa));
    if (!xfa.IsArray()) return;
    std::string whole;
    const int count = xfa.Items();
    for (int i = 0; i < count; ++i) {
      const PdfObject piece = xfa.Item(i);
      if (piece.IsStream()) whole += Bytes(piece);
    }
    if (!whole.empty()) xfa_.push_back(std::move(whole));
  }

  std::string Bytes(const PdfObject& stream) {
    std::optional<std::string> bytes = stream.Bytes();
    if (!bytes) damaged_ = true;
    if (!bytes || !parts_.Hold(bytes->size())) return "";
    return *std::move(bytes);
  }

  PdfObjects& pdf_;
  const int pages_max_;
  Context& context_;
  AsideParts parts_;
  std::set<std::pair<int, int>> seen_;
  std::vector<std::string> xfa_;
  int pages_ = 0;
  size_t count_ = 0;
  size_t looked_at_ = 0;
  bool too_deep_ = false;
  bool damaged_ = false;
  bool stopped_ = false;
};

}  // namespace

void ReadPdfForms(std::string_view pdf, int pages_max, Context& context) {
  PdfObjects objects(pdf);
  if (objects.ok()) {
    FormReader(objects, pages_max, context).Read();
  } else {
    FormsDamaged(context);
  }
}

}  // namespace shoumi::inspect
