#include "agent/inspect/extract/odf/tags.h"

#include <unordered_map>

namespace shoumi::inspect {

OdfTag OdfTagOf(std::string_view local) {
  static const std::unordered_map<std::string_view, OdfTag> kTags = {
      {"p", OdfTag::kParagraph},
      {"h", OdfTag::kParagraph},
      {"s", OdfTag::kSpaces},
      {"tab", OdfTag::kTab},
      {"line-break", OdfTag::kBreak},
      {"table", OdfTag::kTable},
      {"table-row", OdfTag::kRow},
      {"table-cell", OdfTag::kCell},
      {"covered-table-cell", OdfTag::kCell},
      {"page", OdfTag::kSlide},
      {"notes", OdfTag::kSlideNotes},
      {"note-body", OdfTag::kNote},
      {"annotation", OdfTag::kComment},
      {"text-box", OdfTag::kBox},
      {"custom-shape", OdfTag::kBox},
      {"rect", OdfTag::kBox},
      {"ellipse", OdfTag::kBox},
      {"circle", OdfTag::kBox},
      {"line", OdfTag::kBox},
      {"polygon", OdfTag::kBox},
      {"polyline", OdfTag::kBox},
      {"path", OdfTag::kBox},
      {"connector", OdfTag::kBox},
      {"caption", OdfTag::kBox},
      {"measure", OdfTag::kBox},
      {"header", OdfTag::kHeader},
      {"header-left", OdfTag::kHeader},
      {"header-first", OdfTag::kHeader},
      {"header-decl", OdfTag::kHeader},
      {"footer", OdfTag::kFooter},
      {"footer-left", OdfTag::kFooter},
      {"footer-first", OdfTag::kFooter},
      {"footer-decl", OdfTag::kFooter},
      {"master-page", OdfTag::kMaster},
      {"handout-master", OdfTag::kMaster},
      {"tracked-changes", OdfTag::kChanges},
      {"title", OdfTag::kDescription},
      {"desc", OdfTag::kDescription},
      {"hidden-text", OdfTag::kHiddenText},
      {"meta", OdfTag::kProperty},
      {"note-citation", OdfTag::kNote},
      {"variable-set", OdfTag::kVariable},
      {"date-time-decl", OdfTag::kFooter},
      {"automatic-styles", OdfTag::kSkipped},
      {"styles", OdfTag::kSkipped},
      {"font-face-decls", OdfTag::kSkipped},
      {"settings", OdfTag::kSkipped},
      {"binary-data", OdfTag::kSkipped},  // of flat documents; see there
  };
  const auto found = kTags.find(local);
  return found == kTags.end() ? OdfTag::kOther : found->second;
}

std::string_view OdfPartOfAttribute(std::string_view element, std::string_view attribute) {
  constexpr std::string_view kFields = "fields";
  constexpr std::string_view kFormulas = "formulas";
  static const std::unordered_map<std::string_view, std::string_view> kParts = {
      {"href", "links"},
      {"formula", kFormulas},
      {"expression", kFormulas},
      {"condition", kFormulas},
      {"command", kFormulas},
      {"label", kFields},
      {"title", kFields},
      {"description", kFields},
      {"current-value", kFields},
      {"string-value-if-true", kFields},
      {"string-value-if-false", kFields},
      {"key1", kFields},
      {"key2", kFields},
      {"dde-application", kFields},
      {"dde-topic", kFields},
      {"dde-item", kFields},
  };
  if (element == "bibliography-mark") return kFields;
  if (element == "user-defined" && attribute == "name") return "names of properties";
  if (element == "equation") return {};  // of a shape's outline
  const auto found = kParts.find(attribute);
  return found == kParts.end() ? std::string_view() : found->second;
}

}  // namespace shoumi::inspect
