#pragma once

#include <array>
#include <optional>
#include <string>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/ofd/leftovers.h"
#include "agent/inspect/extract/ofd/lines.h"
#include "agent/inspect/extract/xml/xml.h"

namespace shoumi::inspect {

// The text of one page, template, file of annotations or of resources (GB/T 33190-2016, 7.7, 11.3,
// 15.2 and 7.9), line by line. Text where the standard has none goes to parts of its own.
class OfdPageReader final : public XmlHandler {
 public:
  static constexpr size_t kRunsMax = 200'000;  // put into lines at a time

  // The page's own text goes to the part `name`; annotations to parts of theirs.
  OfdPageReader(Context& context, std::string name, v1::PartKind kind)
      : context_(context),
        name_(std::move(name)),
        kind_(kind),
        parts_(context),
        leftovers_(parts_) {}

  void Finish();
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool saw_text() const { return saw_text_; }

 private:
  void StartCode(const XmlAttributes& attributes);
  void EndCode();
  void TakeLines();

  Context& context_;
  const std::string name_;
  const v1::PartKind kind_;
  AsideParts parts_;
  OfdLeftovers leftovers_;
  LineBuilder lines_;
  std::optional<size_t> page_;  // of parts_
  bool in_annotation_ = false;
  bool watermark_ = false;
  bool in_code_ = false;
  bool in_remark_ = false;
  bool saw_text_ = false;
  std::array<double, 6> matrix_ = {1, 0, 0, 1, 0, 0};
  std::array<double, 2> origin_ = {0, 0};
  double size_ = 0;
  double x_ = 0;
  double y_ = 0;
  std::array<double, 2> way_ = {0, 0};      // from the first to the last character
  std::array<double, 2> reading_ = {1, 0};  // where one reads, when there is no way
  std::string text_;
};

}  // namespace shoumi::inspect
