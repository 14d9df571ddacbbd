#pragma once

#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

// What an element of OpenDocument 1.3 is to its reader, by its name without prefix.
enum class OdfTag : uint8_t {
  kOther,
  kParagraph,  // text:p, text:h
  kSpaces,
  kTab,
  kBreak,
  kTable,
  kRow,
  kCell,
  kSlide,       // draw:page
  kSlideNotes,  // presentation:notes
  kNote,        // a footnote or endnote, its mark too
  kComment,
  kBox,  // text box or shape
  kHeader,
  kFooter,
  kMaster,
  kChanges,      // tracked: what was deleted
  kDescription,  // of a picture or object
  kField,        // says its text in an attribute
  kVariable,     // shows its text, or hides it
  kProperty,     // within office:meta
  kSkipped,
};
OdfTag OdfTagOf(std::string_view local);

}  // namespace shoumi::inspect
