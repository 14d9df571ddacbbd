#pragma once

#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

// What a part is, by its root element.
enum class Root : uint8_t {
  kWorkbook,  // order of reading: names and shared strings before the sheets
  kSharedStrings,
  kDocument,
  kHeader,
  kFooter,
  kNotes,  // footnotes and endnotes
  kComments,
  kSlideComments,
  kGlossary,
  kSheet,
  kSlide,
  kSlideNotes,
  kSlideMaster,
  kDocumentProperties,
  kSettings,
  kPivot,
  kExternalCells,
  kChart,
  kDrawing,
  kIgnored,  // formats, relations, themes: nothing that anybody wrote
  kUnknown,  // XML of unknown kind
  kNotXml,
};
Root RootOf(std::string_view local);

}  // namespace shoumi::inspect
