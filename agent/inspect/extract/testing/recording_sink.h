#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Keeps what an extractor reports, and checks the rules of PartSink as it goes.
class RecordingSink final : public PartSink {
 public:
  struct Part {
    std::string name;
    v1::PartKind kind = v1::PART_KIND_UNSPECIFIED;
    std::string text;
  };
  struct Gap {
    std::string part;
    v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
    std::string detail;
  };

  // With `keep_text` false only lengths are counted: for content that unpacks to gigabytes.
  explicit RecordingSink(bool keep_text = true) : keep_text_(keep_text) {}

  void BeginPart(std::string_view part, v1::PartKind kind) override;
  void Text(std::string_view utf8) override;
  void EndPart() override;
  void Unscanned(std::string_view part, v1::UnscannedReason reason,
                 std::string_view detail) override;

  // Text of all parts with this name or kind, in order; file names are left out of AllText().
  [[nodiscard]] std::string TextOf(std::string_view part) const;
  [[nodiscard]] std::string TextOf(v1::PartKind kind) const;
  [[nodiscard]] std::string AllText() const;
  [[nodiscard]] bool HasGap(v1::UnscannedReason reason) const;
  // "ENCRYPTED a.zip/b.docx: detail; …", for messages of failed tests.
  [[nodiscard]] std::string Gaps() const;

  std::vector<Part> parts;
  std::vector<Gap> gaps;
  uint64_t text_bytes = 0;
  std::string broken;  // first rule that was broken; empty when none

 private:
  const bool keep_text_;
  bool open_ = false;
};

// ExtractDocument over memory with these limits, within `wait`.
RecordingSink ExtractBytes(std::string_view bytes, const Limits& limits = Limits(),
                           std::chrono::milliseconds wait = std::chrono::seconds(30),
                           bool keep_text = true);
// What ExtractDocument says the type of `bytes` is.
std::string MediaTypeOf(std::string_view bytes);

}  // namespace shoumi::inspect
