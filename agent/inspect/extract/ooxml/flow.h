#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/ooxml/part.h"
#include "agent/inspect/extract/ooxml/tags.h"
#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {

struct FlowOptions {
  std::string part;
  v1::PartKind kind = v1::PART_KIND_BODY;
  bool first_page = false;       // running text of a document: split off its first page
  bool text_elements = false;    // <text> holds character data itself (comments)
  bool value_elements = false;   // <v> does (charts, external cells)
  bool everything = false;       // any element does: XML of unknown kind
  bool boxes_are_marks = false;  // text boxes are watermarks (headers and footers)
};

// Paragraphs of WordprocessingML, DrawingML and VML as running text: runs joined, one line a
// paragraph, table cells separated by TAB and rows by line feeds. Deleted and hidden text counts.
// A text box comes after the paragraph that it is anchored in.
class FlowReader final : public PartReader {
 public:
  FlowReader(Context& context, FlowOptions options);

  void Begin() override;
  void Finish() override;
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool SawText() const override { return saw_text_; }

 private:
  // Text that is held back until its element ends, and the state of what is around it.
  struct Level {
    Tag tag = Tag::kOther;
    uint32_t paragraphs = 0;
    uint32_t cells = 0;
    char separator = 0;  // written before the next text
    std::string text;    // held back
    std::string boxes;   // text boxes of the paragraph being read
    std::string choice;  // mc:Choice, to tell a fallback that says the same
    std::string placeholder;
  };

  void StartTag(Tag tag, const XmlAttributes& attributes);
  void EndTag(Tag tag);
  void EndParagraph();
  void Push(Tag tag);
  void Pop(Tag tag);
  void PopTextBox(std::string text);
  void PopShape(std::string text, const std::string& placeholder);
  void PopFallback(const Level& fallback);
  void Put(std::string_view text);
  void PutText(std::string_view text);
  [[nodiscard]] bool Holds(Tag tag) const;

  Context& context_;
  const FlowOptions options_;
  TextWriter writer_;
  std::optional<FirstPageSplitter> pages_;
  std::vector<Level> levels_;
  std::vector<AsidePart> aside_;
  uint32_t skipped_ = 0;
  uint32_t in_text_ = 0;
  uint32_t in_vml_ = 0;
  uint32_t too_deep_ = 0;  // elements that are no longer held back
  bool saw_text_ = false;
};

}  // namespace shoumi::inspect
