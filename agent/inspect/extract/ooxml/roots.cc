#include "agent/inspect/extract/ooxml/roots.h"

#include <unordered_map>

namespace shoumi::inspect {

Root RootOf(std::string_view local) {
  static const std::unordered_map<std::string_view, Root> kRoots = {
      {"workbook", Root::kWorkbook},
      {"sst", Root::kSharedStrings},
      {"document", Root::kDocument},
      {"hdr", Root::kHeader},
      {"ftr", Root::kFooter},
      {"footnotes", Root::kNotes},
      {"endnotes", Root::kNotes},
      {"comments", Root::kComments},
      {"ThreadedComments", Root::kSlideComments},
      {"cmLst", Root::kSlideComments},
      {"glossaryDocument", Root::kGlossary},
      {"worksheet", Root::kSheet},
      {"chartsheet", Root::kSheet},
      {"dialogsheet", Root::kSheet},
      {"macrosheet", Root::kSheet},
      {"sld", Root::kSlide},
      {"notes", Root::kSlideNotes},
      {"sldMaster", Root::kSlideMaster},
      {"sldLayout", Root::kSlideMaster},
      {"notesMaster", Root::kSlideMaster},
      {"handoutMaster", Root::kSlideMaster},
      {"coreProperties", Root::kDocumentProperties},
      {"Properties", Root::kDocumentProperties},
      {"settings", Root::kSettings},
      {"pivotCacheDefinition", Root::kPivot},
      {"pivotCacheRecords", Root::kPivot},
      {"externalLink", Root::kExternalCells},
      {"chartSpace", Root::kChart},
      {"dataModel", Root::kDrawing},
      {"drawing", Root::kDrawing},
      {"wsDr", Root::kDrawing},
      {"userShapes", Root::kDrawing},
      {"xml", Root::kDrawing},  // VML in a part of its own
      {"Types", Root::kIgnored},
      {"Relationships", Root::kIgnored},
      {"styles", Root::kIgnored},
      {"styleSheet", Root::kIgnored},
      {"theme", Root::kIgnored},
      {"themeOverride", Root::kIgnored},
      {"themeManager", Root::kIgnored},
      {"fonts", Root::kIgnored},
      {"webSettings", Root::kIgnored},
      {"numbering", Root::kIgnored},
      {"calcChain", Root::kIgnored},
      {"presentation", Root::kIgnored},
      {"presentationPr", Root::kIgnored},
      {"viewPr", Root::kIgnored},
      {"tblStyleLst", Root::kIgnored},
      {"colorsDef", Root::kIgnored},
      {"styleDef", Root::kIgnored},
      {"layoutDef", Root::kIgnored},
      {"colorStyle", Root::kIgnored},
      {"chartStyle", Root::kIgnored},
      {"commentsEx", Root::kIgnored},
      {"commentsIds", Root::kIgnored},
      {"commentsExtensible", Root::kIgnored},
      {"pivotTableDefinition", Root::kIgnored},
      {"metadata", Root::kIgnored},
      {"datastoreItem", Root::kIgnored},
      {"table", Root::kIgnored},
      {"clrMap", Root::kIgnored},
  };
  const auto found = kRoots.find(local);
  if (found != kRoots.end()) return found->second;
  return local.empty() ? Root::kNotXml : Root::kUnknown;
}

}  // namespace shoumi::inspect
