#include "agent/inspect/extract/ooxml/properties.h"

#include <algorithm>
#include <array>

#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kValueBytesMax = 1 << 20;

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
  value_.clear();
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
  if (value_.size() < kValueBytesMax) value_.append(text);
}

void PropertyReader::End(std::string_view local) {
  const std::string value = std::move(value_);
  value_.clear();
  if (local == "property") name_.clear();
  if (value.find_first_not_of(" \t\r\n") == std::string::npos || IsStatistic(local)) return;
  if (set_ == PropertySet::kDocument) {
    AddLine(name_.empty() ? value : fmt::format("{}: {}", name_, value));
  } else if (set_ == PropertySet::kWorkbook && local == "definedName") {
    AddLine(value);
  }
}

void PropertyReader::AddLine(std::string_view line) {
  if (line.empty()) return;
  text_.append(line);
  text_.push_back('\n');
  if (text_.size() >= kBlockBytes) Flush();
}

void PropertyReader::Flush() {
  const v1::PartKind kind =
      set_ == PropertySet::kPivot ? v1::PART_KIND_CELLS : v1::PART_KIND_PROPERTY;
  if (!text_.empty()) flushed_ = true;
  EmitPart(context_, part_, kind, text_);
  text_.clear();
}

void PropertyReader::Finish() {
  Flush();
}

}  // namespace shoumi::inspect
