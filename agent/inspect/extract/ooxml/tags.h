#pragma once

#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

// Elements that matter in WordprocessingML, SpreadsheetML, PresentationML, DrawingML and VML.
enum class Tag : uint8_t {
  kOther,
  kAlternate,  // mc:AlternateContent
  kBreak,      // br, cr
  kCell,       // tc
  kCellC,      // c of a sheet
  kChoice,
  kComment,
  kDelText,
  kFallback,
  kFormula,
  kHeaderFooter,  // oddHeader, evenHeader, firstHeader, oddFooter, …
  kInline,        // is
  kNoBreakHyphen,
  kParagraph,
  kPlaceholder,  // ph
  kRow,
  kShape,    // sp
  kSkipped,  // a subtree without text of the document
  kTab,
  kText,        // t
  kPlainText,   // text
  kTextBox,     // txbxContent
  kTextPath,    // v:textpath
  kTableRow,    // tr
  kValue,       // v
  kVmlTextBox,  // v:textbox
  kSharedItem,  // si
};
Tag TagOf(std::string_view local);

}  // namespace shoumi::inspect
