#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/worker/text_out.h"
#include "rules/engine/scanner.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

inline constexpr int kReportUnscannedMax = 256;    // further ones are counted, one entry a reason
inline constexpr int kReportRejectedMax = 10'000;  // candidates of an explained inspection
inline constexpr size_t kPartNameBytesMax = 1024;
inline constexpr size_t kDetailBytesMax = 256;

// From the extractors to the scanner, and what could not be read to the report. Names are held to
// valid UTF-8 and to the bounds above: they come from the content.
class PartFeed final : public PartSink {
 public:
  // Both outlive the feed; the scanner has been begun.
  PartFeed(rules::Scanner& scanner, v1::InspectReport& report)
      : scanner_(scanner), report_(report) {}
  // Also gives what the scanner sees to `show`, which outlives the feed.
  void Show(TextOut& show) { show_ = &show; }

  void BeginPart(std::string_view part, v1::PartKind kind) override;
  void Text(std::string_view utf8) override;
  void EndPart() override;
  void Unscanned(std::string_view part, v1::UnscannedReason reason,
                 std::string_view detail) override;
  void Named(std::string_view part, std::string_view name, std::string_view media_type) override;

  // Ends a part that an extractor left open.
  void Close();

 private:
  struct Omitted {
    v1::Unscanned* entry = nullptr;
    uint64_t parts = 0;
  };

  rules::Scanner& scanner_;
  v1::InspectReport& report_;
  TextOut* show_ = nullptr;
  bool in_part_ = false;
  std::map<v1::UnscannedReason, Omitted> omitted_;
};

// `text` cut at a character boundary to at most `bytes_max` bytes, what is not UTF-8 (RFC 3629)
// replaced by '?'.
std::string BoundedUtf8(std::string_view text, size_t bytes_max);

}  // namespace shoumi::inspect
