#include "agent/inspect/extract/odf/reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "agent/inspect/extract/numbers.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeldBytesMax = 1 << 20;
constexpr uint32_t kRepeatsMax = 1024;  // of an empty cell, so that columns stay under their heads
constexpr uint32_t kSpacesMax = 256;
constexpr size_t kFiguresMax = 64;

uint32_t Count(std::string_view number, uint32_t most) {
  uint32_t count = 1;
  std::from_chars(number.data(), number.data() + number.size(), count);
  return std::clamp(count, 1U, most);
}

std::string Figures(std::string_view text) {
  std::string figures;
  std::copy_if(text.begin(), text.end(), std::back_inserter(figures),
               [](char c) { return c >= '0' && c <= '9'; });
  return figures;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// About the file, within office:meta.
bool IsBookkeeping(std::string_view local) {
  constexpr std::string_view kNames[] = {"generator",        "creation-date", "date",
                                         "editing-duration", "print-date",    "editing-cycles"};
  return std::find(std::begin(kNames), std::end(kNames), local) != std::end(kNames);
}

bool IsOf(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

bool IsNumber(std::string_view text) {
  return IsOf(text, "0123456789+-.eE");
}

// As XML Schema writes dates, times, durations and truth.
bool IsMoment(std::string_view text) {
  return text == "true" || text == "false" || IsOf(text, "0123456789-:.+TZPYMDHS");
}

bool HasText(std::string_view text) {
  return !std::all_of(text.begin(), text.end(), IsSpace);
}

}  // namespace

OdfReader::OdfReader(Context& context)
    : context_(context), writer_(context.sink), asides_(context) {}

void OdfReader::Finish() {
  while (levels_.size() > 1) Pop();
  if (!levels_.back().boxes.empty()) Put(std::exchange(levels_.back().boxes, ""));
  EndFlowPart();
  if (pages_) pages_->Finish();
  asides_.Emit();
}

void OdfReader::Start(std::string_view local, const XmlAttributes& attributes) {
  ++depth_;
  if (skipped_ > 0) {
    ++skipped_;
    return PutStyleTexts(attributes);
  }
  if (std::exchange(body_, false)) return StartFlow(local);
  if (local == "body" && flow_ == Flow::kNone) {
    body_ = true;
    return;
  }
  if (local == "binary-data") {
    binary_depth_ = depth_;
    return;
  }
  OdfTag tag = OdfTagOf(local);
  // Elements of text:meta are text; within office:meta all are properties.
  if (tag == OdfTag::kProperty && levels_.back().paragraphs > 0) tag = OdfTag::kOther;
  // text:title and text:measure are fields, whose names shapes have too.
  const bool shape = tag == OdfTag::kDescription || tag == OdfTag::kBox;
  if (shape && attributes.ElementIsIn(kOdfText)) tag = OdfTag::kOther;
  const bool property = Within(OdfTag::kProperty);
  // Within the document they are nothing that is known, and their text is text.
  const bool before_document = flow_ == Flow::kNone && levels_.size() == 1;
  if ((tag == OdfTag::kSkipped && before_document) || (property && IsBookkeeping(local))) {
    skipped_ = 1;
    return;
  }
  if (tag != OdfTag::kCell && tag != OdfTag::kParagraph) PutAttributes(local, attributes);
  if (!property) StartTag(tag, attributes);
}

void OdfReader::StartFlow(std::string_view local) {
  if (local == "spreadsheet") {
    flow_ = Flow::kSheets;
  } else if (local == "presentation" || local == "drawing") {
    flow_ = Flow::kSlides;
  } else {
    flow_ = Flow::kText;
    pages_.emplace(context_, FirstPageSplitter::kDocumentLines, FirstPageSplitter::kDocumentBytes);
  }
}

void OdfReader::StartTag(OdfTag tag, const XmlAttributes& attributes) {
  switch (tag) {
    case OdfTag::kParagraph:
      ++levels_.back().paragraphs;
      space_ = true;
      break;
    case OdfTag::kSpaces: {
      const std::string_view count = attributes.GetIn(kOdfText, "c");
      Separate();
      Put(std::string(Count(count, kSpacesMax), ' '));
      break;
    }
    case OdfTag::kTab:
      Separate();
      Put("\t");
      break;
    case OdfTag::kBreak:
      Separate();
      Put("\n");
      break;
    case OdfTag::kTable:
      if (flow_ == Flow::kSheets && flow_part_depth_ == 0 && levels_.size() == 1) {
        const std::string name(attributes.GetIn(kOdfTable, "name"));
        asides_.Append(
            asides_.Open("workbook", v1::PART_KIND_PROPERTY, AsideParts::Naming::kJoined), name);
        BeginFlowPart(tag);
      }
      break;
    case OdfTag::kSlide:
      if (flow_ == Flow::kSlides && flow_part_depth_ == 0) BeginFlowPart(tag);
      break;
    case OdfTag::kCell:
      StartCell(attributes);
      break;
    case OdfTag::kHiddenText:
      PutText(attributes.GetIn(kOdfText, "string-value"));
      break;
    case OdfTag::kVariable:
      StartVariable(attributes);
      break;
    case OdfTag::kOther:
    case OdfTag::kRow:
    case OdfTag::kSkipped:
      break;
    default:
      Push(tag);
  }
}

void OdfReader::StartCell(const XmlAttributes& attributes) {
  const bool outermost = ++levels_.back().cells == 1;
  PutAside("formulas", attributes.GetIn(kOdfTable, "formula"));
  std::string_view moment;
  for (const char* name : {"date-value", "time-value", "boolean-value"}) {
    if (moment.empty()) moment = attributes.GetIn(kOdfOffice, name);
  }
  const std::string_view number = attributes.GetIn(kOdfOffice, "value");
  const std::string_view string = attributes.GetIn(kOdfOffice, "string-value");
  if (cell_.levels > 0) {  // within another cell, whose values wait for its end
    for (const std::string_view value : {number, string, moment}) PutAside("cell values", value);
  } else {
    cell_ = {levels_.size(), std::string(number), std::string(string), std::string(moment), "", ""};
  }
  if (outermost) {
    cell_repeats_ = Count(attributes.GetIn(kOdfTable, "number-columns-repeated"), kRepeatsMax);
  }
}

void OdfReader::StartVariable(const XmlAttributes& attributes) {
  if (attributes.GetIn(kOdfText, "display") != "none" || field_.depth != depth_) return;
  PutText(std::exchange(field_, Field()).value);
}

void OdfReader::EndField() {
  if (field_.value != field_.text) PutAside("fields", field_.value);
  field_ = {};
}

void OdfReader::End(std::string_view local) {
  const uint64_t depth = depth_--;
  if (skipped_ > 0) {
    --skipped_;
    return;
  }
  if (binary_depth_ == depth) {
    binary_depth_ = 0;
    std::string bytes;
    if (absl::Base64Unescape(base64_, &bytes)) {
      binaries_.push_back(std::move(bytes));
    } else {
      ++broken_binaries_;
    }
    base64_.clear();
    return;
  }
  if (field_.depth == depth) EndField();
  if (levels_.size() > 1 && levels_.back().depth == depth) return Pop();
  if (levels_.back().loose && levels_.back().paragraphs == 0 && levels_.back().row_has_text) {
    levels_.back().row_has_text = false;
    Put("\n");
  }
  if (Within(OdfTag::kProperty)) return;
  switch (OdfTagOf(local)) {
    case OdfTag::kParagraph:
      EndParagraph();
      break;
    case OdfTag::kCell:
      EndCell();
      break;
    case OdfTag::kRow:
      EndRow();
      break;
    default:
      break;
  }
  if (flow_part_depth_ == depth) EndFlowPart();
}

void OdfReader::EndParagraph() {
  Level& level = levels_.back();
  if (level.paragraphs > 0) --level.paragraphs;
  if (level.cells > 0) {
    level.new_line = true;  // between two paragraphs of a cell
  } else {
    Put("\n");
  }
  if (level.paragraphs == 0 && !level.boxes.empty()) {
    const std::string boxes = std::exchange(level.boxes, "");
    Put(boxes);
  }
}

void OdfReader::EndCell() {
  if (cell_.levels == levels_.size() && levels_.back().cells == 1) PutCellValue();
  Level& level = levels_.back();
  if (level.cells > 0) --level.cells;
  level.new_line = level.cells > 0;  // a cell of a table within a cell
  if (level.cells == 0) level.tabs += cell_repeats_;
  level.tabs = std::min(level.tabs, kRepeatsMax);
}

// Figures that are shown rounded, or as a power of ten, are held in full.
void OdfReader::PutCellValue() {
  const Cell cell = std::exchange(cell_, Cell());
  const std::string plain = PlainNumber(cell.number);
  if (!IsNumber(plain)) {
    PutAside("cell values", plain);
  } else if (Figures(plain) != cell.figures && !plain.empty()) {
    levels_.back().new_line = false;
    PutText(cell.figures.empty() ? plain : " " + plain);
  }
  if (cell.string != cell.text) PutAside("cell values", cell.string);
  if (cell.text.empty() || !IsMoment(cell.moment)) PutAside("cell values", cell.moment);
}

void OdfReader::EndRow() {
  Level& level = levels_.back();
  if (level.cells > 0) return;
  level.tabs = 0;
  if (std::exchange(level.row_has_text, false)) Put("\n");
}

bool OdfReader::Within(OdfTag tag) const {
  return std::any_of(levels_.begin(), levels_.end(),
                     [&](const Level& level) { return level.tag == tag; });
}

void OdfReader::Push(OdfTag tag) {
  using Naming = AsideParts::Naming;
  const bool marks = levels_.back().tag == OdfTag::kHeader || levels_.back().tag == OdfTag::kFooter;
  // A group of shapes, or a box within a shape, is one box.
  if (tag == OdfTag::kBox && (levels_.back().tag == OdfTag::kBox || flow_ == Flow::kSlides ||
                              levels_.back().tag == OdfTag::kMaster)) {
    return;
  }
  if (levels_.size() >= kLevelsMax) return;
  Level level;
  level.tag = tag;
  level.depth = depth_;
  level.outer_space = space_;
  switch (tag) {
    case OdfTag::kHeader:
      level.aside = asides_.Open("header", v1::PART_KIND_HEADER, Naming::kNumbered);
      level.loose = true;
      break;
    case OdfTag::kFooter:
      level.aside = asides_.Open("footer", v1::PART_KIND_FOOTER, Naming::kNumbered);
      level.loose = true;
      break;
    case OdfTag::kMaster:
      level.aside = asides_.Open("master", v1::PART_KIND_HEADER, Naming::kNumbered);
      break;
    case OdfTag::kNote:
      level.aside = asides_.Open("footnotes", v1::PART_KIND_NOTES, Naming::kJoined);
      level.loose = true;
      break;
    case OdfTag::kSlideNotes:
      level.aside = asides_.Open("notes", v1::PART_KIND_NOTES, Naming::kNumbered);
      break;
    case OdfTag::kComment:
      level.aside = asides_.Open("comments", v1::PART_KIND_COMMENT, Naming::kJoined);
      level.loose = true;
      break;
    case OdfTag::kChanges:
      level.aside = asides_.Open("tracked changes", v1::PART_KIND_COMMENT, Naming::kJoined);
      break;
    case OdfTag::kDescription:
      level.aside = asides_.Open("descriptions", v1::PART_KIND_COMMENT, Naming::kJoined);
      level.loose = true;
      break;
    case OdfTag::kProperty:
      level.aside = asides_.Open("properties", v1::PART_KIND_PROPERTY, Naming::kJoined);
      level.loose = true;
      break;
    default:  // a box
      if (marks)
        level.aside = asides_.Open("watermark", v1::PART_KIND_WATERMARK, Naming::kNumbered);
      break;
  }
  levels_.push_back(std::move(level));
  space_ = true;
}

void OdfReader::Pop() {
  Level level = std::move(levels_.back());
  levels_.pop_back();
  space_ = level.outer_space;
  const std::string text = level.held + level.boxes;
  if (level.aside) {
    if (!text.empty()) asides_.Append(*level.aside, text);
    return;
  }
  if (!HasText(text)) return;
  std::string& boxes = levels_.back().boxes;
  if (levels_.back().paragraphs > 0 && boxes.size() + text.size() <= kHeldBytesMax) {
    boxes += text;
  } else {
    Put(text);
  }
}

void OdfReader::BeginFlowPart(OdfTag tag) {
  flow_part_depth_ = depth_;
  if (tag == OdfTag::kTable) {
    context_.sink.BeginPart(context_.PartName(fmt::format("sheet{}", ++sheets_)),
                            v1::PART_KIND_CELLS);
    return;
  }
  ++slides_;
  context_.sink.BeginPart(context_.PartName(fmt::format("slide{}", slides_)),
                          slides_ == 1 ? v1::PART_KIND_FIRST_PAGE : v1::PART_KIND_BODY);
}

void OdfReader::EndFlowPart() {
  if (flow_part_depth_ == 0) return;
  flow_part_depth_ = 0;
  writer_.Flush();
  context_.sink.EndPart();
}

// Of what is no text of the document: said all the same, as anything can stand there.
void OdfReader::PutAside(std::string_view part, std::string_view text) {
  if (part.empty() || !HasText(text)) return;
  asides_.Append(asides_.Open(part, v1::PART_KIND_BODY, AsideParts::Naming::kJoined), text);
}

// What lists and notes show around their numbers.
void OdfReader::PutStyleTexts(const XmlAttributes& attributes) {
  for (const char* name : {"num-prefix", "num-suffix", "bullet-char"}) {
    const std::string_view text = attributes.Get(name);
    if (text.size() > 1) PutAside("styles", text);
  }
}

void OdfReader::PutAttributes(std::string_view local, const XmlAttributes& attributes) {
  attributes.ForEach([&](std::string_view name, std::string_view value) {
    PutAside(OdfPartOfAttribute(local, name), value);
    const bool string = name == "string-value";
    // That of hidden text is put where it stands.
    if (name == "value" || (string && OdfTagOf(local) != OdfTag::kHiddenText)) HoldValue(value);
  });
}

// Until the end of the element, whose text may be the same; of several values one can be.
void OdfReader::HoldValue(std::string_view value) {
  if (field_.depth != 0) return PutAside("fields", value);
  field_ = {depth_, std::string(value), ""};
}

void OdfReader::Characters(std::string_view text) {
  if (skipped_ > 0) return PutAside("styles", text);
  if (binary_depth_ > 0) {
    if (asides_.Hold(text.size())) {
      std::copy_if(text.begin(), text.end(), std::back_inserter(base64_),
                   [](char c) { return !IsSpace(c); });
    }
    return;
  }
  const Level& level = levels_.back();
  if (!HasText(text) && level.paragraphs == 0) return;
  if (level.paragraphs > 0 || level.loose) return PutText(text);
  PutAside("other", text);
}

void OdfReader::Separate() {
  Level& level = levels_.back();
  if (level.tabs > 0) Put(std::string(std::exchange(level.tabs, 0), '\t'));
  if (std::exchange(level.new_line, false)) Put("\n");
}

// White space counts once (ODF 1.3, part 3, 6.1.2).
void OdfReader::PutText(std::string_view text) {
  std::string collapsed;
  collapsed.reserve(text.size());
  for (const char c : text) {
    const bool space = IsSpace(c);
    if (space && space_) continue;
    collapsed.push_back(space ? ' ' : c);
    space_ = space;
  }
  if (collapsed.empty()) return;
  Separate();
  Level& level = levels_.back();
  level.row_has_text = true;
  saw_text_ = true;
  if (field_.text.size() <= field_.value.size()) field_.text += collapsed;
  if (cell_.levels == levels_.size()) {
    if (cell_.figures.size() < kFiguresMax) cell_.figures += Figures(collapsed);
    if (cell_.text.size() <= cell_.string.size()) cell_.text += collapsed;
  }
  Put(collapsed);
}

void OdfReader::Put(std::string_view text) {
  Level& level = levels_.back();
  if (level.aside) return asides_.Append(*level.aside, text);
  if (levels_.size() == 1) return PutInFlow(text);
  level.held += text;
  if (level.held.size() <= kHeldBytesMax) return;
  // Too much to hold back: let it go where it would have come.
  Level spilled = std::move(level);
  levels_.pop_back();
  Put(spilled.held);
  spilled.held.clear();
  levels_.push_back(std::move(spilled));
}

void OdfReader::PutInFlow(std::string_view text) {
  if (pages_) {
    pages_->Append(text);
  } else if (flow_part_depth_ > 0) {
    writer_.Append(text);
  } else if (HasText(text)) {
    asides_.Append(asides_.Open("other", v1::PART_KIND_BODY, AsideParts::Naming::kJoined), text);
  }
}

}  // namespace shoumi::inspect
