#include "agent/inspect/extract/text/text.h"

#include <optional>

#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text/escapes.h"
#include "agent/inspect/extract/text/reader.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kFirstPageLines = 10;
constexpr size_t kFirstPageBytes = 4096;
constexpr size_t kStartBytes = 8192;
constexpr size_t kJsonStartBytes = 256;

bool Detect(std::string_view head, Source&) {
  return DetectStart(head.substr(0, kStartBytes)).charset != Charset::kBinary;
}

void Extract(Source& source, Context& context) {
  std::optional<Unescaper> unescaper;  // told by the start as UTF-8: JSON may be UTF-16
  FirstPageSplitter pages(context, kFirstPageLines, kFirstPageBytes);
  TextReader reader(source, context, [&](std::string_view text) {
    if (text.empty()) return;
    if (!unescaper.has_value()) {
      const bool json = LooksLikeJson(text.substr(0, kJsonStartBytes));
      unescaper.emplace(json ? Unescaper::Language::kJson : Unescaper::Language::kAny);
    }
    pages.Append(unescaper->Take(text, false));
  });
  reader.Run();
  if (unescaper.has_value()) pages.Append(unescaper->Take("", true));
  pages.Finish();
}

}  // namespace

const Format kTextFormat = {"text", "text/plain", Detect, Extract};

}  // namespace shoumi::inspect
