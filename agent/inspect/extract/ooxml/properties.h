#pragma once

#include <string>

#include "agent/inspect/extract/ooxml/part.h"

namespace shoumi::inspect {

enum class PropertySet {
  kDocument,  // core, extended and custom properties: one line a value
  kWorkbook,  // names of sheets and what defined names refer to
  kSettings,  // document variables
  kPivot,     // cached items of pivot tables, which are copies of cells
};

// Values that stand in elements or attributes rather than in running text, one line each. A custom
// property comes as "name: value".
class PropertyReader final : public PartReader {
 public:
  PropertyReader(Context& context, std::string part, PropertySet set)
      : context_(context), part_(std::move(part)), set_(set) {}

  void Finish() override;
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool SawText() const override { return !text_.empty() || flushed_; }

 private:
  void AddLine(std::string_view line);
  void Flush();

  Context& context_;
  const std::string part_;
  const PropertySet set_;
  std::string text_;
  std::string value_;
  std::string name_;
  bool flushed_ = false;
};

}  // namespace shoumi::inspect
