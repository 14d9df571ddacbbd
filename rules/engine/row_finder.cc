#include "rules/engine/row_finder.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validator.h"

namespace shoumi::rules {
namespace {

// One value may stand by chance, as a telephone number does; two of one row do not.
constexpr uint8_t kConfidenceOne = 85;
constexpr uint8_t kConfidenceMore = 95;

constexpr size_t kMobileDigits = 11;

std::string Masked(registry::ColumnType type, std::string_view text) {
  using registry::ColumnType;
  std::string value(text);
  if (registry::IsNumber(type)) std::erase_if(value, [](char c) { return !IsAlnum(c); });
  const bool mobile = value.size() == kMobileDigits && value.front() == '1';
  switch (type) {
    case ColumnType::kName:
    case ColumnType::kShortName:
      return MaskValue("name", value);
    case ColumnType::kCreditCode:
      return MaskValue("uscc", value);
    case ColumnType::kId:
      return MaskValue("resident_id", value);
    case ColumnType::kPhone:
      return MaskValue(mobile ? "mobile" : "landline", value);
    case ColumnType::kContact:
      return MaskValue("person", value);
    case ColumnType::kAddress:
      return MaskValue("address", value);
    case ColumnType::kAccount:
      return MaskValue("bank_card", value);
  }
  return MaskValue("", value);
}

}  // namespace

RowFinder::RowFinder(const CompiledRules& rules, registry::Registries registries, Found found)
    : rules_(rules), found_(std::move(found)) {
  for (std::shared_ptr<const registry::Registry>& registry : registries) {
    auto search = std::make_unique<Search>();
    std::vector<registry::RowRule> row_rules;
    for (uint32_t i = 0; i < rules.detectors.size(); ++i) {
      const Detector& detector = rules.detectors[i];
      if (detector.registry != registry->name()) continue;
      row_rules.push_back({detector.columns_min, detector.within_chars});
      search->detectors.push_back(i);
    }
    if (row_rules.empty()) continue;
    search->registry = std::move(registry);
    search->matcher = std::make_unique<registry::Matcher>(
        search->registry->index(), std::move(row_rules),
        [this, of = search.get()](const registry::RowMatch& match) { OnRow(*of, match); });
    searches_.push_back(std::move(search));
  }
}

void RowFinder::BeginPart() {
  for (const auto& search : searches_) search->matcher->BeginPart();
}

void RowFinder::Scan(const registry::Stretch& stretch) {
  stretch_ = stretch;
  for (const auto& search : searches_) search->matcher->Scan(stretch);
}

void RowFinder::OnRow(const Search& search, const registry::RowMatch& match) {
  FoundRow found;
  found.detector = search.detectors[match.rule];
  found.row = match.row;
  found.level = match.level;
  found.confidence = std::popcount(match.columns) > 1 ? kConfidenceMore : kConfidenceOne;
  found.from = match.from;
  found.to = match.to;
  const std::vector<registry::Column>& columns = search.registry->columns();
  for (const registry::RowMatch::Value& value : match.values) {
    // An index may name columns that its head does not.
    if (value.column >= columns.size()) continue;
    const registry::Column& column = columns[value.column];
    if (!found.masked.empty()) found.masked += ", ";
    found.masked += Masked(column.type,
                           stretch_.text.substr(value.from - stretch_.base, value.to - value.from));
    if (std::find(found.columns.begin(), found.columns.end(), column.name) == found.columns.end()) {
      found.columns.push_back(column.name);
    }
  }
  found_(found);
}

}  // namespace shoumi::rules
