#pragma once

#include <optional>
#include <string_view>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/xml/xml.h"

namespace shoumi::inspect {

// What a reader of OFD finds where the standard has no text: it goes to parts of its own. Paths,
// boxes and dates are left out by their shape.
class OfdLeftovers {
 public:
  explicit OfdLeftovers(AsideParts& parts) : parts_(parts) {}

  // Names, titles and addresses that the element says; ends what Characters has begun.
  void Start(std::string_view local, const XmlAttributes& attributes);
  void End() { other_.reset(); }
  void Characters(std::string_view text);

 private:
  void Put(std::string_view part, std::string_view text);

  AsideParts& parts_;
  std::optional<size_t> other_;  // of parts_, within one element
};

}  // namespace shoumi::inspect
