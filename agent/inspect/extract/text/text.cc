#include "agent/inspect/extract/text/text.h"

#include <array>

#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text/escapes.h"
#include "agent/inspect/extract/text/reader.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kFirstPageLines = 10;
constexpr size_t kFirstPageBytes = 4096;
constexpr size_t kStartBytes = 8192;

bool Detect(std::string_view head, Source&) {
  return DetectStart(head.substr(0, kStartBytes)).charset != Charset::kBinary;
}

void Extract(Source& source, Context& context) {
  std::array<char, 256> start;
  const absl::StatusOr<size_t> got = source.ReadAt(source.NextData(0), start);
  Unescaper unescaper(got.ok() && LooksLikeJson({start.data(), *got}));
  FirstPageSplitter pages(context, kFirstPageLines, kFirstPageBytes);
  TextReader reader(source, context,
                    [&](std::string_view text) { pages.Append(unescaper.Take(text, false)); });
  reader.Run();
  pages.Append(unescaper.Take("", true));
  pages.Finish();
}

}  // namespace

const Format kTextFormat = {"text", "text/plain", Detect, Extract};

}  // namespace shoumi::inspect
