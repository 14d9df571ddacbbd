#include "agent/inspect/extract/rtf/rtf.h"

#include <array>
#include <memory>

#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/rtf/objects.h"
#include "agent/inspect/extract/rtf/text_reader.h"
#include "agent/inspect/extract/tail_source.h"

namespace shoumi::inspect {
namespace {

// Programs read no further. What fills the file up is no content.
void ExtractBehind(Source& source, uint64_t end, Context& context) {
  constexpr std::string_view kFilling("\0 \t\r\n", 5);
  std::array<char, 16 << 10> block;
  while (context.InTime("")) {
    const absl::StatusOr<size_t> got = source.ReadAt(end, block);
    if (!got.ok()) return ReportFailure(context, "behind the document", got.status(), true);
    if (*got == 0) return;
    const std::string_view bytes(block.data(), *got);
    const size_t start = bytes.find_first_not_of(kFilling);
    if (start != std::string_view::npos) {
      TailSource tail(source, end + start);
      return context.Nested("behind the document", tail);
    }
    end += *got;
  }
}

bool Detect(std::string_view head, Source&) {
  return head.starts_with("{\\rt");
}

void Extract(Source& source, Context& context) {
  const auto reader = std::make_unique<RtfTextReader>(source, context);
  reader->Read();
  if (context.depth == 0) context.bytes_read = source.size();
  if (reader->saw_binary()) ReadRtfObjects(source, context);
  if (reader->end()) ExtractBehind(source, *reader->end(), context);
}

}  // namespace

const Format kRtfFormat = {"rtf", "application/rtf", Detect, Extract};

}  // namespace shoumi::inspect
