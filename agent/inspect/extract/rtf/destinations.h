#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoumi::inspect {

// Where the text of a group goes.
enum class RtfDestination : uint8_t {
  kBody,
  kHeader,
  kFooter,
  kNote,
  kComment,
  kProperty,
  kField,       // the instruction of a field: where a link leads
  kShapeText,   // of a text box
  kShapeName,   // \sn, then
  kShapeValue,  // \sv
  kFonts,
  kOther,      // shown to nobody, or told twice, but text
  kBinary,     // pictures and objects, as figures
  kFigures,    // hexadecimal blocks, and what has no text
  kUnchanged,  // that of the group around it
};

// By its control word; nothing for those that begin none or are not known.
std::optional<RtfDestination> RtfDestinationOf(std::string_view word);

}  // namespace shoumi::inspect
