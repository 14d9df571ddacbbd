#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What Outlook's formats have in common: a message, an attachment or a recipient is a set of
// properties ([MS-OXPROPS]) with an identifier and a type ([MS-OXCDATA] 2.11.1).
struct MapiProperty {
  static constexpr uint16_t kString8 = 0x001E;
  static constexpr uint16_t kUnicode = 0x001F;
  static constexpr uint16_t kObject = 0x000D;
  static constexpr uint16_t kBinary = 0x0102;

  uint16_t id = 0;
  uint16_t type = 0;       // without the flag of several values
  std::string_view bytes;  // borrowed
};

// Of one item, beyond which it is TOO_MANY.
inline constexpr size_t kMapiPropertiesMax = 20'000;
// A binary property that nobody reads is named from this size on; smaller ones are keys and
// identifiers.
inline constexpr size_t kOpaqueBytesMin = 4096;

// The name of an attachment; empty when it has none.
std::string AttachmentName(const std::vector<MapiProperty>& properties);

// Reads one item: its texts are the part `texts`, a body in each form and the content of an
// attachment are documents. `owner` stands before the names of all of them, may be empty.
void ExtractItem(std::string_view owner, std::string_view texts,
                 const std::vector<MapiProperty>& properties, Context& context);

// "owner/part", or either when the other is empty.
std::string OwnedBy(std::string_view owner, std::string_view part);

}  // namespace shoumi::inspect
