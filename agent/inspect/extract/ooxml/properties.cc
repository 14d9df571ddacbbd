#include "agent/inspect/extract/ooxml/properties.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeldBytesMax = 64 << 10;  // of a value; what is longer goes on as a stream
constexpr size_t kStatisticBytesMax = 32;

// Counts and switches that programs write by themselves.
bool IsStatistic(std::string_view local) {
  static constexpr std::string_view kStatistics[] = {
      "TotalTime",    "Pages",      "Words",       "Characters",
      "Lines",        "Paragraphs", "Slides",      "Notes",
      "HiddenSlides", "MMClips",    "ScaleCrop",   "LinksUpToDate",
      "SharedDoc",    "AppVersion", "DocSecurity", "CharactersWithSpaces",
      "i4",           "created",    "modified",    "HyperlinksChanged",
      "bool",         "revision",   "lastPrinted", "calcPr",
  };
  return std::find(std::begin(kStatistics), std::end(kStatistics), local) != std::end(kStatistics);
}

}  // namespace

void PropertyReader::Start(std::string_view local, const XmlAttributes& attributes) {
  EndValue(false);
  switch (set_) {
    case PropertySet::kDocument:
      if (local == "property") name_ = attributes.Get("name");
      break;
    case PropertySet::kWorkbook:
      if (local == "sheet") AddLine(attributes.Get("name"));
      break;
    case PropertySet::kSettings:
      if (local == "docVar") {
        AddLine(fmt::format("{}: {}", attributes.Get("name"), attributes.Get("val")));
      }
      break;
    case PropertySet::kPivot:
      if (local == "s" || local == "n" || local == "d") AddLine(attributes.Get("v"));
      break;
  }
}

void PropertyReader::Characters(std::string_view text) {
  value_.append(text);
  if (value_.size() >= kHeldBytesMax) WriteValue();
}

void PropertyReader::End(std::string_view local) {
  EndValue(IsStatistic(local) && value_.size() <= kStatisticBytesMax);
  if (local == "property") name_.clear();
}

void PropertyReader::EndValue(bool statistic) {
  const bool blank = value_.find_first_not_of(" \t\r\n") == std::string::npos;
  if (value_begun_ || (!blank && !statistic)) {
    WriteValue();
    Write("\n");
  }
  value_.clear();
  value_begun_ = false;
}

void PropertyReader::WriteValue() {
  if (!value_begun_ && !name_.empty()) Write(fmt::format("{}: ", name_));
  value_begun_ = true;
  Write(value_);
  value_.clear();
}

void PropertyReader::AddLine(std::string_view line) {
  if (line.empty()) return;
  Write(line);
  Write("\n");
}

void PropertyReader::Write(std::string_view text) {
  if (!saw_text_) {
    context_.sink.BeginPart(context_.PartName(part_), set_ == PropertySet::kPivot
                                                          ? v1::PART_KIND_CELLS
                                                          : v1::PART_KIND_PROPERTY);
  }
  saw_text_ = true;
  writer_.Append(text);
}

void PropertyReader::Finish() {
  EndValue(false);
  if (!saw_text_) return;
  writer_.Flush();
  context_.sink.EndPart();
}

}  // namespace shoumi::inspect
