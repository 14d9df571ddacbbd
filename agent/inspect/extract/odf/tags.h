#pragma once

#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

inline constexpr std::string_view kOdfOffice = "urn:oasis:names:tc:opendocument:xmlns:office:1.0";
inline constexpr std::string_view kOdfTable = "urn:oasis:names:tc:opendocument:xmlns:table:1.0";
inline constexpr std::string_view kOdfText = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";

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
  kHiddenText,   // says its text in an attribute
  kVariable,     // shows its text, or hides it
  kProperty,     // within office:meta
  kSkipped,
};
OdfTag OdfTagOf(std::string_view local);

// The part that the text of an attribute goes to, by the names of both without prefix: what forms,
// fields, links and formulas say and no paragraph shows. Empty for what is about look or structure.
std::string_view OdfPartOfAttribute(std::string_view element, std::string_view attribute);

}  // namespace shoumi::inspect
