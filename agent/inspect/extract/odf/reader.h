#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/odf/tags.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/xml/xml.h"

namespace shoumi::inspect {

// One XML stream of an OpenDocument: content.xml, styles.xml, meta.xml, or all of them in one (flat
// documents). Text runs are joined, one line a paragraph; a sheet or slide is a part; headers,
// footers, notes, comments and properties are parts behind those. Repeated cells count once.
class OdfReader final : public XmlHandler {
 public:
  static constexpr size_t kLevelsMax = 64;

  explicit OdfReader(Context& context);

  // Ends the parts. Call once, after the parse.
  void Finish();
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool saw_text() const { return saw_text_; }
  // What a flat document holds as base64, in order.
  [[nodiscard]] const std::vector<std::string>& binaries() const { return binaries_; }
  [[nodiscard]] uint32_t broken_binaries() const { return broken_binaries_; }

 private:
  enum class Flow : uint8_t { kNone, kText, kSheets, kSlides };
  // Text that does not stand in the flow around it.
  struct Level {
    OdfTag tag = OdfTag::kOther;
    uint64_t depth = 0;  // of the element
    std::optional<size_t> aside;
    std::string held;    // of a box, until the paragraph around it ends
    std::string boxes;   // that wait for the end of this paragraph
    bool loose = false;  // text outside of paragraphs counts
    uint32_t paragraphs = 0;
    uint32_t cells = 0;
    uint32_t tabs = 0;  // before the next text
    bool new_line = false;
    bool row_has_text = false;
    bool outer_space = false;  // space_ of what is around it
  };

  void StartTag(OdfTag tag, const XmlAttributes& attributes);
  void StartFlow(std::string_view local);
  void StartCell(const XmlAttributes& attributes);
  void StartVariable(const XmlAttributes& attributes);
  void EndField();
  void EndCell();
  void EndRow();
  void EndParagraph();
  void PutAside(std::string_view part, std::string_view text);
  void PutStyleTexts(const XmlAttributes& attributes);
  void PutAttributes(std::string_view local, const XmlAttributes& attributes);
  void HoldValue(std::string_view value);
  void PutCellValue();
  void Push(OdfTag tag);
  void Pop();
  void BeginFlowPart(OdfTag tag);
  void EndFlowPart();
  void Separate();
  void PutText(std::string_view text);
  void Put(std::string_view text);
  void PutInFlow(std::string_view text);
  [[nodiscard]] bool Within(OdfTag tag) const;

  Context& context_;
  TextWriter writer_;
  std::optional<FirstPageSplitter> pages_;
  AsideParts asides_;
  std::vector<Level> levels_ = {Level()};
  Flow flow_ = Flow::kNone;
  uint64_t depth_ = 0;
  uint64_t flow_part_depth_ = 0;  // of the sheet or slide that is open; 0: none
  uint64_t binary_depth_ = 0;
  uint32_t sheets_ = 0;
  uint32_t slides_ = 0;
  uint64_t skipped_ = 0;
  bool body_ = false;  // the next element says what the document is
  bool space_ = true;  // the paragraph ends with one so far
  bool saw_text_ = false;
  // What a cell of a sheet holds beside what it shows.
  struct Cell {
    size_t levels = 0;  // where it is open; 0: none is
    std::string number;
    std::string string;
    std::string moment;   // a date, a time, true or false
    std::string text;     // as it is shown, as much as there is of the string
    std::string figures;  // of all that is shown
  };
  Cell cell_;
  // The value of a field, and what it shows.
  struct Field {
    uint64_t depth = 0;  // 0: none is open
    std::string value;
    std::string text;
  };
  Field field_;
  uint32_t cell_repeats_ = 1;
  std::string base64_;
  std::vector<std::string> binaries_;
  uint32_t broken_binaries_ = 0;
};

}  // namespace shoumi::inspect
