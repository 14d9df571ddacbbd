#include "agent/inspect/extract/testing/recording_sink.h"

#include <algorithm>

#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {

void RecordingSink::BeginPart(std::string_view part, v1::PartKind kind) {
  if (open_) broken = "a part began inside another";
  if (CheckUtf8(part).valid != part.size()) broken = "a part's name is not UTF-8";
  open_ = true;
  parts.push_back({std::string(part), kind, ""});
}

void RecordingSink::Text(std::string_view utf8) {
  if (!open_) broken = "text outside of a part";
  if (CheckUtf8(utf8).valid != utf8.size()) broken = "text is not UTF-8 or cuts a character";
  text_bytes += utf8.size();
  if (keep_text_ && open_) parts.back().text.append(utf8);
}

void RecordingSink::EndPart() {
  if (!open_) broken = "a part ended twice";
  open_ = false;
}

void RecordingSink::Unscanned(std::string_view part, v1::UnscannedReason reason,
                              std::string_view detail) {
  gaps.push_back({std::string(part), reason, std::string(detail)});
}

std::string RecordingSink::TextOf(std::string_view part) const {
  std::string text;
  for (const Part& one : parts) {
    if (one.name == part) text += one.text;
  }
  return text;
}

std::string RecordingSink::TextOf(v1::PartKind kind) const {
  std::string text;
  for (const Part& one : parts) {
    if (one.kind == kind) text += one.text;
  }
  return text;
}

std::string RecordingSink::AllText() const {
  std::string text;
  for (const Part& one : parts) {
    if (one.kind != v1::PART_KIND_FILE_NAME) text += one.text;
  }
  return text;
}

bool RecordingSink::HasGap(v1::UnscannedReason reason) const {
  return std::any_of(gaps.begin(), gaps.end(),
                     [&](const Gap& gap) { return gap.reason == reason; });
}

std::string RecordingSink::Gaps() const {
  std::string text;
  for (const Gap& gap : gaps) {
    text += fmt::format("{} {}: {}; ", v1::UnscannedReason_Name(gap.reason), gap.part, gap.detail);
  }
  return text;
}

RecordingSink ExtractBytes(std::string_view bytes, const Limits& limits,
                           std::chrono::milliseconds wait, bool keep_text) {
  RecordingSink sink(keep_text);
  const std::unique_ptr<Source> source = MakeMemorySource(bytes);
  Context context(limits, sink, std::chrono::steady_clock::now() + wait);
  ExtractDocument("", *source, context);
  return sink;
}

std::string MediaTypeOf(std::string_view bytes) {
  RecordingSink sink;
  const std::unique_ptr<Source> source = MakeMemorySource(bytes);
  Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(30));
  ExtractDocument("", *source, context);
  return context.media_type;
}

}  // namespace shoumi::inspect
