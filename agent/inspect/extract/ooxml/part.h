#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/xml/xml.h"

namespace shoumi::inspect {

// Reader of one XML part. Begin and Finish frame the parse; parts of the text that are something
// else than the rest (a watermark within a header) are reported by Finish.
class PartReader : public XmlHandler {
 public:
  virtual void Begin() {}
  virtual void Finish() = 0;
  [[nodiscard]] virtual bool SawText() const = 0;
};

// Text found in one part that belongs under another name or kind.
struct AsidePart {
  std::string name;
  v1::PartKind kind = v1::PART_KIND_UNSPECIFIED;
  std::string text;
};

}  // namespace shoumi::inspect
