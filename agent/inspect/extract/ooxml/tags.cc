#include "agent/inspect/extract/ooxml/tags.h"

#include <unordered_map>

namespace shoumi::inspect {

Tag TagOf(std::string_view local) {
  static const std::unordered_map<std::string_view, Tag> kTags = {
      {"AlternateContent", Tag::kAlternate},
      {"br", Tag::kBreak},
      {"cr", Tag::kBreak},
      {"tc", Tag::kCell},
      {"c", Tag::kCellC},
      {"Choice", Tag::kChoice},
      {"comment", Tag::kComment},
      {"cm", Tag::kComment},
      {"threadedComment", Tag::kComment},
      {"delText", Tag::kDelText},
      {"Fallback", Tag::kFallback},
      {"f", Tag::kFormula},
      {"oddHeader", Tag::kHeaderFooter},
      {"oddFooter", Tag::kHeaderFooter},
      {"evenHeader", Tag::kHeaderFooter},
      {"evenFooter", Tag::kHeaderFooter},
      {"firstHeader", Tag::kHeaderFooter},
      {"firstFooter", Tag::kHeaderFooter},
      {"is", Tag::kInline},
      {"noBreakHyphen", Tag::kNoBreakHyphen},
      {"p", Tag::kParagraph},
      {"ph", Tag::kPlaceholder},
      {"row", Tag::kRow},
      {"sp", Tag::kShape},
      {"pPr", Tag::kSkipped},
      {"rPr", Tag::kSkipped},
      {"tblPr", Tag::kSkipped},
      {"trPr", Tag::kSkipped},
      {"tcPr", Tag::kSkipped},
      {"sdtPr", Tag::kSkipped},
      {"sectPr", Tag::kSkipped},
      {"lstStyle", Tag::kSkipped},
      {"rPh", Tag::kSkipped},
      {"instrText", Tag::kSkipped},
      {"delInstrText", Tag::kSkipped},
      {"tab", Tag::kTab},
      {"ptab", Tag::kTab},
      {"t", Tag::kText},
      {"text", Tag::kPlainText},
      {"txbxContent", Tag::kTextBox},
      {"textpath", Tag::kTextPath},
      {"tr", Tag::kTableRow},
      {"v", Tag::kValue},
      {"textbox", Tag::kVmlTextBox},
      {"si", Tag::kSharedItem},
  };
  const auto found = kTags.find(local);
  return found == kTags.end() ? Tag::kOther : found->second;
}

}  // namespace shoumi::inspect
