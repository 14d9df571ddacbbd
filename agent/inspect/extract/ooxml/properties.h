#pragma once

#include <string>

#include "agent/inspect/extract/ooxml/part.h"
#include "agent/inspect/extract/text_writer.h"

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
      : context_(context), part_(std::move(part)), set_(set), writer_(context.sink) {}

  void Finish() override;
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool SawText() const override { return saw_text_; }

 private:
  void Write(std::string_view text);  // the first of it begins the part
  void AddLine(std::string_view line);
  void WriteValue();
  void EndValue(bool statistic);

  Context& context_;
  const std::string part_;
  const PropertySet set_;
  TextWriter writer_;
  std::string value_;
  std::string name_;
  bool value_begun_ = false;
  bool saw_text_ = false;
};

}  // namespace shoumi::inspect
