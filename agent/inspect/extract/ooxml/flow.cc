#include "agent/inspect/extract/ooxml/flow.h"

#include <algorithm>

namespace shoumi::inspect {
namespace {

constexpr size_t kHeldBytesMax = 1 << 20;
constexpr size_t kLevelsMax = 16;
constexpr size_t kAsidePartsMax = 256;

std::string WithoutSpace(std::string_view text) {
  std::string bare;
  std::copy_if(text.begin(), text.end(), std::back_inserter(bare),
               [](char c) { return c != ' ' && c != '\n' && c != '\t'; });
  return bare;
}

bool HasText(std::string_view text) {
  return text.find_first_not_of(" \t\n") != std::string_view::npos;
}

}  // namespace

FlowReader::FlowReader(Context& context, FlowOptions options)
    : context_(context), options_(std::move(options)), writer_(context.sink), levels_(1) {}

void FlowReader::Begin() {
  if (options_.first_page) {
    pages_.emplace(context_, FirstPageSplitter::kDocumentLines, FirstPageSplitter::kDocumentBytes);
  } else {
    context_.sink.BeginPart(context_.PartName(options_.part), options_.kind);
  }
}

void FlowReader::Finish() {
  too_deep_ = 0;
  while (levels_.size() > 1) Pop(levels_.back().tag);
  Put(levels_.back().boxes);
  if (pages_) {
    pages_->Finish();
  } else {
    writer_.Flush();
    context_.sink.EndPart();
  }
  for (const AsidePart& aside : aside_) EmitPart(context_, aside.name, aside.kind, aside.text);
}

void FlowReader::Start(std::string_view local, const XmlAttributes& attributes) {
  const Tag tag = TagOf(local);
  if (skipped_ > 0 || (tag == Tag::kSkipped && !options_.everything)) {
    ++skipped_;
    return;
  }
  StartTag(tag, attributes);
}

void FlowReader::StartTag(Tag tag, const XmlAttributes& attributes) {
  switch (tag) {
    case Tag::kText:
    case Tag::kDelText:
      ++in_text_;
      break;
    case Tag::kPlainText:
      in_text_ += options_.text_elements ? 1 : 0;
      break;
    case Tag::kValue:
      in_text_ += options_.value_elements ? 1 : 0;
      break;
    case Tag::kParagraph:
      ++levels_.back().paragraphs;
      break;
    case Tag::kCell:
      ++levels_.back().cells;
      break;
    case Tag::kTab:
      Put("\t");
      break;
    case Tag::kBreak:
      Put("\n");
      break;
    case Tag::kNoBreakHyphen:
      Put("-");
      break;
    case Tag::kTextPath:
      if (aside_.size() < kAsidePartsMax) {
        aside_.push_back(
            {options_.part, v1::PART_KIND_WATERMARK, std::string(attributes.Get("string"))});
      } else {
        PutText(attributes.Get("string"));
        Put("\n");
      }
      break;
    case Tag::kPlaceholder:
      if (levels_.back().tag == Tag::kShape) levels_.back().placeholder = attributes.Get("type");
      break;
    case Tag::kVmlTextBox:
      ++in_vml_;
      break;
    case Tag::kTextBox:
    case Tag::kChoice:
    case Tag::kFallback:
    case Tag::kShape:
      Push(tag);
      break;
    default:
      break;
  }
}

void FlowReader::End(std::string_view local) {
  if (skipped_ > 0) {
    --skipped_;
    return;
  }
  EndTag(TagOf(local));
}

void FlowReader::EndTag(Tag tag) {
  Level& level = levels_.back();
  switch (tag) {
    case Tag::kText:
    case Tag::kDelText:
      if (in_text_ > 0) --in_text_;
      break;
    case Tag::kPlainText:
      if (options_.text_elements && in_text_ > 0) --in_text_;
      break;
    case Tag::kValue:
      if (options_.value_elements && in_text_ > 0) {
        --in_text_;
        Put("\n");
      }
      break;
    case Tag::kParagraph:
      EndParagraph();
      break;
    case Tag::kCell:
      if (level.cells > 0) --level.cells;
      level.separator = '\t';
      break;
    case Tag::kTableRow:
    case Tag::kComment:
      level.separator = 0;
      Put("\n");
      break;
    case Tag::kVmlTextBox:
      if (in_vml_ > 0) --in_vml_;
      Put("\n");
      break;
    case Tag::kTextBox:
    case Tag::kChoice:
    case Tag::kFallback:
    case Tag::kShape:
      Pop(tag);
      break;
    default:
      if (options_.everything && saw_text_) level.separator = '\n';
      break;
  }
}

void FlowReader::EndParagraph() {
  Level& level = levels_.back();
  if (level.paragraphs > 0) --level.paragraphs;
  if (level.cells > 0) {
    level.separator = '\n';
  } else {
    level.separator = 0;
    Put("\n");
  }
  if (level.paragraphs == 0 && !level.boxes.empty()) {
    const std::string boxes = std::move(level.boxes);
    level.boxes.clear();
    Put(boxes);
  }
}

bool FlowReader::Holds(Tag tag) const {
  return std::any_of(levels_.begin(), levels_.end(),
                     [&](const Level& level) { return level.tag == tag; });
}

void FlowReader::Push(Tag tag) {
  if (levels_.size() >= kLevelsMax) {
    ++too_deep_;
    return;
  }
  levels_.emplace_back();
  levels_.back().tag = tag;
  // A choice is read in the place of the paragraph around it.
  if (tag == Tag::kChoice || tag == Tag::kFallback) {
    levels_.back().paragraphs = levels_[levels_.size() - 2].paragraphs;
    levels_.back().cells = levels_[levels_.size() - 2].cells;
    levels_.back().separator = levels_[levels_.size() - 2].separator;
  }
}

void FlowReader::Pop(Tag tag) {
  if (too_deep_ > 0) {
    --too_deep_;
    return;
  }
  if (levels_.size() < 2 || levels_.back().tag != tag) return;
  Level level = std::move(levels_.back());
  levels_.pop_back();
  switch (tag) {
    case Tag::kTextBox:
      PopTextBox(level.text + level.boxes);
      break;
    case Tag::kChoice:
      levels_.back().choice = WithoutSpace(level.text + level.boxes);
      levels_.back().boxes += level.boxes;
      if (!level.text.empty()) levels_.back().separator = level.separator;
      Put(level.text);
      break;
    case Tag::kFallback:
      PopFallback(level);
      break;
    default:
      PopShape(level.text + level.boxes, level.placeholder);
      break;
  }
}

void FlowReader::PopTextBox(std::string text) {
  if (!HasText(text)) return;
  if (options_.boxes_are_marks && aside_.size() < kAsidePartsMax) {
    const bool known = std::any_of(aside_.begin(), aside_.end(),
                                   [&](const AsidePart& one) { return one.text == text; });
    if (!known) aside_.push_back({options_.part, v1::PART_KIND_WATERMARK, std::move(text)});
    return;
  }
  Level& level = levels_.back();
  if (level.paragraphs == 0) {
    Put(text);
  } else {
    level.boxes += text;
  }
}

// A fallback that says what the choice said is its twin; one that says something else is read.
void FlowReader::PopFallback(const Level& fallback) {
  Level& around = levels_.back();
  const bool twin = WithoutSpace(fallback.text + fallback.boxes) == around.choice;
  around.choice.clear();
  if (twin) return;
  around.boxes += fallback.boxes;
  Put(fallback.text);
}

void FlowReader::PopShape(std::string text, const std::string& placeholder) {
  const bool footer = placeholder == "ftr" || placeholder == "dt" || placeholder == "sldNum";
  if ((footer || placeholder == "hdr") && aside_.size() < kAsidePartsMax) {
    if (!HasText(text)) return;
    aside_.push_back(
        {options_.part, footer ? v1::PART_KIND_FOOTER : v1::PART_KIND_HEADER, std::move(text)});
    return;
  }
  Put(text);
}

void FlowReader::Characters(std::string_view text) {
  if (skipped_ > 0) return;
  const bool loose = options_.everything || (in_vml_ > 0 && !Holds(Tag::kTextBox));
  if (in_text_ > 0 || (loose && HasText(text))) PutText(text);
}

void FlowReader::PutText(std::string_view text) {
  Level& level = levels_.back();
  if (level.separator != 0) {
    const char separator = level.separator;
    level.separator = 0;
    Put({&separator, 1});
  }
  saw_text_ = true;
  Put(text);
}

void FlowReader::Put(std::string_view text) {
  if (text.empty()) return;
  Level& level = levels_.back();
  if (levels_.size() > 1) {
    level.text.append(text);
    if (level.text.size() <= kHeldBytesMax) return;
    // Too much to hold back: let it go where it would have come.
    Level spilled = std::move(level);
    levels_.pop_back();
    Put(spilled.text);
    spilled.text.clear();
    levels_.push_back(std::move(spilled));
    return;
  }
  if (pages_)
    pages_->Append(text);
  else
    writer_.Append(text);
}

}  // namespace shoumi::inspect
