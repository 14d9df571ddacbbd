#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Attributes as expat hands them over: name, value, …, null. Valid during the call.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** list) : list_(list) {}
  // Value of the attribute with this name without prefix; empty when there is none.
  [[nodiscard]] std::string_view Get(std::string_view local) const;

 private:
  const char** list_;
};

// Receives one XML part, names without prefix. Character data is valid UTF-8.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void Start(std::string_view local, const XmlAttributes& attributes) = 0;
  virtual void End(std::string_view local) = 0;
  virtual void Characters(std::string_view text) = 0;
  // True ends the parse early; ParseXml is then OK.
  [[nodiscard]] virtual bool Done() const { return false; }
};

inline constexpr uint32_t kXmlDepthMax = 1000;
inline constexpr uint64_t kXmlTokenBytesMax = 4 << 20;  // one tag with its attributes

// Streams `source` through `handler`. Document type declarations, which OPC forbids (ECMA-376-2,
// 8.1.4), end it with DataLoss, so there are no entities to expand. DataLoss too for XML that is
// not well-formed; ResourceExhausted for the bounds above; Aborted when the context is out of time.
absl::Status ParseXml(Source& source, Context& context, XmlHandler& handler);

// Local name of the root element from the first bytes of a part, UTF-8 or UTF-16; empty when the
// bytes are not XML or end before it.
std::string XmlRoot(std::string_view head);

}  // namespace shoumi::inspect
