#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// The namespaces that are in force at one element, by their prefixes (Namespaces in XML 1.0).
class XmlNamespaces {
 public:
  static constexpr size_t kBytesMax = 64 << 10;  // of all of them, with what each costs

  // Takes the declarations of an element at this depth. False when they are too many.
  bool Enter(uint32_t depth, const char** attributes);
  void Leave(uint32_t depth);
  // Of a qualified name, which has a prefix; empty when nobody declared it.
  [[nodiscard]] std::string_view Of(std::string_view name) const;

 private:
  struct Declaration {
    uint32_t depth;
    std::string prefix;
    std::string uri;
  };
  std::vector<Declaration> declarations_;
  size_t bytes_ = 0;
};

// Attributes as expat hands them over: name, value, …, null. Valid during the call.
class XmlAttributes {
 public:
  XmlAttributes(std::string_view element, const char** list, const XmlNamespaces& namespaces)
      : element_(element), list_(list), namespaces_(namespaces) {}
  // Value of the first attribute with this name, whatever its prefix; empty when there is none.
  [[nodiscard]] std::string_view Get(std::string_view local) const;
  // Value of the one that is of this namespace, else as Get.
  [[nodiscard]] std::string_view GetIn(std::string_view uri, std::string_view local) const;
  // Whether the element itself is of this namespace.
  [[nodiscard]] bool ElementIsIn(std::string_view uri) const {
    return namespaces_.Of(element_) == uri;
  }
  // Calls visit(local name, value) for each that is no declaration of a namespace.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const char** entry = list_; *entry != nullptr; entry += 2) {
      const std::string_view name = entry[0];
      if (name == "xmlns" || name.starts_with("xmlns:")) continue;
      visit(name.substr(name.rfind(':') + 1), std::string_view(entry[1]));
    }
  }

 private:
  std::string_view element_;
  const char** list_;
  const XmlNamespaces& namespaces_;
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
inline constexpr uint64_t kXmlPrologBytesMax = 1 << 20;

// Streams `source` through `handler`. Document type declarations, which OPC forbids (ECMA-376-2,
// 8.1.4), end it with DataLoss, so there are no entities to expand. DataLoss too for XML that is
// not well-formed; ResourceExhausted for the bounds above; Aborted when the context is out of time.
absl::Status ParseXml(Source& source, Context& context, XmlHandler& handler);

struct XmlRootElement {
  std::string local;    // empty: none
  std::string uri;      // of its namespace
  bool beyond = false;  // there may be one behind kXmlPrologBytesMax
};

// The root element, behind comments, processing instructions and a document type declaration. None
// when the bytes are not well-formed XML as far as the end of its tag, or in an encoding that the
// parser does not know.
XmlRootElement FindXmlRoot(Source& source);
// The same of a member of a package, whose name it is; says the bound when there may be one beyond.
XmlRootElement FindXmlRoot(Source& source, Context& context, std::string_view member);

}  // namespace shoumi::inspect
