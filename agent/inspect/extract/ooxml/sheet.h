#pragma once

#include <string>
#include <vector>

#include "agent/inspect/extract/ooxml/part.h"
#include "agent/inspect/extract/ooxml/tags.h"
#include "agent/inspect/extract/shared_strings.h"
#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {

// SpreadsheetML 18.4.9: the shared strings part.
class SharedStringsReader final : public PartReader {
 public:
  SharedStringsReader(Context& context, SharedStrings& strings)
      : context_(context), strings_(strings) {}

  void Finish() override {}
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool SawText() const override { return strings_.size() > 0; }
  [[nodiscard]] bool Done() const override { return full_; }

 private:
  void Bound(bool kept);

  Context& context_;
  SharedStrings& strings_;
  uint32_t skipped_ = 0;
  bool in_text_ = false;
  bool full_ = false;
};

// SpreadsheetML 18.3.1.99: one line a row, as many TABs between cells as columns, the values that
// the program last computed. Headers and footers without their layout codes (18.3.1.46).
class SheetReader final : public PartReader {
 public:
  SheetReader(Context& context, std::string part, SharedStrings& strings);

  void Begin() override;
  void Finish() override;
  void Start(std::string_view local, const XmlAttributes& attributes) override;
  void End(std::string_view local) override;
  void Characters(std::string_view text) override;
  [[nodiscard]] bool SawText() const override { return saw_text_; }
  [[nodiscard]] bool Done() const override { return stopped_; }

 private:
  void EndCell();
  // Text of the cell being read; the first of it begins the cell.
  void WriteCell(std::string_view text);
  void EndHeaderFooter(std::string_view local);

  Context& context_;
  const std::string part_;
  SharedStrings& strings_;
  TextWriter writer_;
  std::vector<AsidePart> aside_;
  std::string type_;
  std::string value_;
  uint64_t unspent_ = 0;
  uint32_t skipped_ = 0;
  uint32_t column_ = 0;          // of the cell, from 1 on
  uint32_t column_written_ = 1;  // where the line is
  bool take_ = false;
  bool in_cell_ = false;
  bool cell_written_ = false;
  bool header_cut_ = false;
  bool row_has_cells_ = false;
  bool saw_text_ = false;
  bool stopped_ = false;
};

}  // namespace shoumi::inspect
