#pragma once

#include <string>
#include <string_view>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {

// Splits running text without pages into a FIRST_PAGE part ("first page") and a BODY part ("body").
// The cut lies at the end of a line, so nothing that stands in one line is torn; text whose first
// line is longer than `bytes_max` has no first page.
class FirstPageSplitter {
 public:
  // Of what word processors write: about what a page with a title holds, 600 Han characters.
  static constexpr uint32_t kDocumentLines = 15;
  static constexpr size_t kDocumentBytes = 1800;

  FirstPageSplitter(Context& context, uint32_t lines_max, size_t bytes_max);

  void Append(std::string_view text);
  // Ends the parts. Call once, after the last Append.
  void Finish();

 private:
  void Split(size_t cut);

  Context& context_;
  const uint32_t lines_max_;
  const size_t bytes_max_;
  TextWriter writer_;
  std::string head_;
  bool in_body_ = false;
};

}  // namespace shoumi::inspect
